// The field webhook_url of a new job: its rules, and the refusal of addresses inside.
import { invalidPayload } from '../contract/errors.ts';
import { storedText } from '../contract/fields.ts';
import { readWebhookUrl, webhookUrlFault } from '../webhooks/webhook-url.ts';
import { MAX_ISSUES } from './issues.ts';
import type { Context } from './trpc.ts';

export const webhookUrl = storedText(2048)
  .superRefine((url, context) => {
    const { fault } = readWebhookUrl(url);
    if (fault) context.addIssue({ code: 'custom', message: fault });
  })
  .meta({
    format: 'uri',
    description:
      'Told when the job has ended. http or https, without user name and password. Redirects are ' +
      'not followed, and private, loopback, link-local and metadata addresses are refused unless ' +
      'WEBHOOK_ALLOW lists them: at once where the URL names one, at delivery where its name stands for one.',
    examples: ['https://example.com/hooks/jobgate'],
  });

/** Throws `invalid_payload`; `prefix` leads the path of the job with that index. */
export function refuseInternalWebhooks(
  jobs: readonly { webhook_url?: string | undefined }[],
  { services }: Context,
  prefix: (index: number) => string = () => '',
): void {
  const issues = jobs.flatMap(({ webhook_url: url }, index) => {
    const message = url === undefined ? undefined : webhookUrlFault(url, services.addressGuard);
    return message === undefined ? [] : [{ path: `${prefix(index)}webhook_url`, message }];
  });
  if (issues.length > 0) throw invalidPayload(issues.slice(0, MAX_ISSUES));
}
