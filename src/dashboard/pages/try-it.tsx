// Try it: a job by form, what the gateway answered, how the job goes on, and the same with curl.
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { CodeBlock } from '../components/code-block.tsx';
import { JsonView } from '../components/json-view.tsx';
import { PageHeader } from '../components/page-header.tsx';
import { useText } from '../i18n/words.ts';
import { curlOf } from '../shell-commands.ts';
import { useStore } from '../store.ts';
import {
  accepted,
  draft,
  readPayload,
  toNewJob,
  type Accepted,
  type ReadPayload,
} from './try-it/draft.ts';
import { FollowedJob } from './try-it/followed-job.tsx';
import { JobForm } from './try-it/job-form.tsx';
import './try-it.css';

export function TryItPage() {
  const t = useText('try_it');
  const shared = useText('shell');
  const { payload: text } = useStore(draft);
  const payload = useMemo(() => readPayload(text), [text]);
  const answer = useStore(accepted);
  const side = useRef<HTMLDivElement>(null);
  useOnChange(answer, () => side.current && bringIntoView(side.current));
  return (
    <>
      <PageHeader title={shared('try_it')} lead={t('lead')} />
      <div class="try-it">
        <JobForm payload={payload} />
        <div ref={side} class="try-it-side">
          <p class="visually-hidden" role="status">
            {answer && t('accepted', { job: answer.job_id })}
          </p>
          {answer && <Outcome answer={answer} />}
          <Curl payload={payload} />
        </div>
      </div>
    </>
  );
}

/** On a narrow screen it is below the form. */
function bringIntoView(element: HTMLElement): void {
  const { top } = element.getBoundingClientRect();
  if (top > innerHeight / 2) element.scrollIntoView();
}

/** Not as it is drawn first. */
function useOnChange(value: unknown, act: () => void): void {
  const before = useRef(value);
  useEffect(() => {
    if (before.current !== value) act();
    before.current = value;
  }, [value]);
}

function Outcome({ answer }: { answer: Accepted }) {
  const t = useText('try_it');
  return (
    <>
      <FollowedJob key={answer.job_id} jobId={answer.job_id} />
      <section class="try-it-part" aria-labelledby="answer">
        <h2 id="answer">
          {t('answer')} <span class="quiet">{answer.code}</span>
        </h2>
        <JsonView value={answer} what={t('answer')} />
      </section>
    </>
  );
}

function Curl({ payload }: { payload: ReadPayload }) {
  const t = useText('try_it');
  const typed = useStore(draft);
  return (
    <section class="try-it-part" aria-labelledby="curl">
      <h2 id="curl">{t('curl')}</h2>
      {'fault' in payload ? (
        <p class="quiet">{t('curl_later')}</p>
      ) : (
        <>
          <CodeBlock
            text={curlOf('/v1/toolkit/job/submit', toNewJob(typed, payload.value))}
            what={t('curl')}
          />
          <p class="quiet small">{t('curl_hint')}</p>
        </>
      )}
    </section>
  );
}
