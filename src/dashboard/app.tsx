// The whole page: who is signed in, and which page the URL names.
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Scope } from '../contract/scope.ts';
import { Link } from './components/link.tsx';
import { Notice, Skeleton } from './components/notice.tsx';
import { PageHeader } from './components/page-header.tsx';
import { useText } from './i18n/words.ts';
import { useLive } from './live.ts';
import { usePlace } from './location.ts';
import { AuditPage } from './pages/audit.tsx';
import { JobPage } from './pages/job.tsx';
import { JobsPage } from './pages/jobs.tsx';
import { KeysPage } from './pages/keys.tsx';
import { OverviewPage } from './pages/overview.tsx';
import { SignInPage } from './pages/sign-in.tsx';
import { TryItPage } from './pages/try-it.tsx';
import { queries } from './queries.ts';
import { resume, session, signOut, useMay, useSession } from './session.ts';
import { Shell } from './shell.tsx';
import { useStore } from './store.ts';

export function App() {
  const state = useStore(session);
  const isSignedIn = state.phase === 'signed_in';
  useEffect(() => {
    // The next key may be another tenant's.
    if (!isSignedIn) queries.clear();
  }, [isSignedIn]);
  if (state.phase === 'signed_out') return <SignInPage ended={state.ended} />;
  if (state.phase === 'unreachable') return <Unreachable />;
  if (state.phase === 'resuming') return <Centered>{<Skeleton lines={3} />}</Centered>;
  return <SignedIn />;
}

/** A key for workers alone reads nothing: no page, and no events. */
function SignedIn() {
  return useMay('read') ? <Pages /> : <NothingToRead />;
}

function Pages() {
  const { gateway } = useSession();
  useLive(gateway);
  return (
    <Shell>
      <CurrentPage />
    </Shell>
  );
}

function CurrentPage() {
  const { path } = usePlace();
  const isAdmin = useMay('admin');
  const maySubmit = useMay('submit');
  const [, job] = /^\/jobs\/([^/]+)$/.exec(path) ?? [];
  if (job) return <JobPage key={job} jobId={job} />;
  if (path === '/') return <OverviewPage />;
  if (path === '/jobs') return <JobsPage />;
  if (path === '/try') return maySubmit ? <TryItPage /> : <Forbidden scope="submit" />;
  if (path === '/keys') return isAdmin ? <KeysPage /> : <Forbidden scope="admin" />;
  if (path === '/audit') return isAdmin ? <AuditPage /> : <Forbidden scope="admin" />;
  return <Missing />;
}

function Forbidden({ scope }: { scope: Scope }) {
  const t = useText('shell');
  return (
    <>
      <PageHeader title={t('forbidden_title')} />
      <Notice icon="keys" title={t('forbidden_hint', { scope })}>
        <Link class="button" href="/">
          {t('to_overview')}
        </Link>
      </Notice>
    </>
  );
}

function Missing() {
  const t = useText('shell');
  return (
    <>
      <PageHeader title={t('missing_title')} />
      <Notice icon="search" title={t('missing_hint')}>
        <Link class="button" href="/">
          {t('to_overview')}
        </Link>
      </Notice>
    </>
  );
}

function NothingToRead() {
  const t = useText('shell');
  return (
    <Centered>
      <div>
        <PageHeader title={t('worker_key_title')} />
        <Notice icon="keys" title={t('worker_key_hint')}>
          <button type="button" class="button button-primary" onClick={() => signOut()}>
            {t('other_key')}
          </button>
        </Notice>
      </div>
    </Centered>
  );
}

function Unreachable() {
  const t = useText('shell');
  return (
    <Centered>
      <div role="alert">
        <Notice icon="warning" title={t('unreachable_title')}>
          <p>{t('unreachable_hint')}</p>
          <button type="button" class="button button-primary" onClick={() => void resume()}>
            {t('retry')}
          </button>
        </Notice>
      </div>
    </Centered>
  );
}

function Centered({ children }: { children: ComponentChildren }) {
  return <main class="centered">{children}</main>;
}
