// How a program asks for the job's status: ready to copy, without the key.
import { CodeBlock } from '../../components/code-block.tsx';
import { useText } from '../../i18n/words.ts';
import { curlOf } from '../../shell-commands.ts';

export function Snippets({ jobId }: { jobId: string }) {
  const t = useText('job');
  return (
    <section class="job-part">
      <h2>{t('ask')}</h2>
      <p class="quiet small">{t('ask_hint')}</p>
      <div class="snippets">
        <div class="snippet">
          <h3>curl</h3>
          <CodeBlock text={curlOf('/v1/toolkit/job/status', { job_id: jobId })} what="curl" />
        </div>
        <div class="snippet">
          <h3>TypeScript</h3>
          <CodeBlock text={typeScriptFor(jobId)} what="TypeScript" />
        </div>
      </div>
    </section>
  );
}

function typeScriptFor(jobId: string): string {
  return `import { createJobgateClient } from 'jobgate/client';

const jobgate = createJobgateClient({
  url: '${location.origin}',
  apiKey: process.env['JOBGATE_API_KEY']!,
});
const { job_status, response } = await jobgate.status('${jobId}');`;
}
