// What to do at a gateway that has no jobs yet: submit one, and start a worker that does it.
import type { ComponentChildren } from 'preact';
import { CodeBlock } from '../../components/code-block.tsx';
import { Link } from '../../components/link.tsx';
import { useText } from '../../i18n/words.ts';
import { useMay } from '../../session.ts';
import { curlOf, workerCommand } from '../../shell-commands.ts';

const EXAMPLE_JOB = { endpoint: '/v1/text/upper', payload: { text: 'hello' } };

/** `handlers.ts`: what does the example. */
const EXAMPLE_HANDLERS = `export default {
  '/v1/text/upper': async ({ payload }) =>
    String(payload.text).toUpperCase(),
};`;

/** `hasWorker`: one has asked for work already. */
export function FirstSteps({ hasWorker }: { hasWorker: boolean }) {
  const t = useText('overview');
  const maySubmit = useMay('submit');
  return (
    <section class="first-steps" aria-labelledby="first-steps">
      <div>
        <h2 id="first-steps">{t('first_title')}</h2>
        <p class="quiet">{t('first_lead')}</p>
      </div>
      <ol class="first-steps-list">
        <Step title={t('first_submit')}>
          <p>{t('first_submit_hint')}</p>
          <CodeBlock text={curlOf('/v1/toolkit/job/submit', EXAMPLE_JOB)} what={t('curl')} />
          {maySubmit && (
            <p>
              <Link href="/try">{t('first_form')}</Link>
            </p>
          )}
        </Step>
        <Step title={t('first_worker')}>
          {hasWorker && <p class="first-step-done">{t('first_workers_here')}</p>}
          <p>{t('first_worker_hint')}</p>
          <CodeBlock text={EXAMPLE_HANDLERS} what={t('handlers')} />
          <CodeBlock text={workerCommand()} what={t('command')} />
          <p>
            <a href="/docs">{t('first_worker_other')}</a>
          </p>
        </Step>
      </ol>
    </section>
  );
}

function Step({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <li class="card first-step">
      <h3>{title}</h3>
      {children}
    </li>
  );
}
