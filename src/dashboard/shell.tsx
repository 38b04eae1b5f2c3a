// What stands around every page: the pages there are, whose key it is, and whether it is live.
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Icon, type IconName } from './components/icon.tsx';
import { Link } from './components/link.tsx';
import { chooseLanguage, LANGUAGES, useLanguage, useText, type Language } from './i18n/words.ts';
import { connection } from './job-stream.ts';
import { usePlace } from './location.ts';
import { signOut, useMay, useSession } from './session.ts';
import { useStore } from './store.ts';

/** A shorter break alarms nobody: many a proxy cuts the stream, which is back at once. */
const ALARM_AFTER_MS = 2000;

export function Shell({ children }: { children: ComponentChildren }) {
  const t = useText('shell');
  return (
    <div class="shell">
      <a class="skip" href="#content">
        {t('skip')}
      </a>
      <Sidebar />
      <main id="content" class="content" tabIndex={-1}>
        <OfflineNotice />
        {children}
      </main>
    </div>
  );
}

function Sidebar() {
  const t = useText('shell');
  const isAdmin = useMay('admin');
  const maySubmit = useMay('submit');
  return (
    <header class="sidebar">
      <Link class="brand" href="/" label="Jobgate">
        <img src="/favicon.svg" alt="" width="24" height="24" />
        <span>Jobgate</span>
      </Link>
      <nav class="nav" aria-label={t('navigation')}>
        <Entry href="/" icon="overview" name={t('overview')} />
        <Entry href="/jobs" icon="jobs" name={t('jobs')} />
        {maySubmit && <Entry href="/try" icon="try_it" name={t('try_it')} />}
        {isAdmin && <Entry href="/keys" icon="keys" name={t('keys')} />}
        {isAdmin && <Entry href="/audit" icon="audit" name={t('audit')} />}
      </nav>
      <Account />
    </header>
  );
}

function Entry({ href, icon, name }: { href: string; icon: IconName; name: string }) {
  const { path } = usePlace();
  const isCurrent = path === href || (href !== '/' && path.startsWith(`${href}/`));
  return (
    <Link class="nav-entry" href={href} current={isCurrent}>
      <Icon name={icon} />
      <span>{name}</span>
    </Link>
  );
}

function Account() {
  const t = useText('shell');
  const { key } = useSession();
  return (
    <div class="account">
      <Connection />
      <p class="account-key" title={t('signed_in_as', { name: key.name, tenant: key.tenant })}>
        <span class="account-name">{key.name}</span>
        <span class="account-tenant">{key.tenant}</span>
      </p>
      <div class="account-actions">
        <LanguageChoice />
        <a class="icon-button" href="/docs" aria-label={t('api_docs')} title={t('api_docs')}>
          <Icon name="docs" />
        </a>
        <button
          type="button"
          class="icon-button"
          aria-label={t('sign_out')}
          title={t('sign_out')}
          onClick={() => signOut()}
        >
          <Icon name="sign_out" />
        </button>
      </div>
    </div>
  );
}

/** As it is told: of a break it is said at first that the page connects. */
function useConnection() {
  const state = useStore(connection);
  const [isLong, setLong] = useState(false);
  useEffect(() => {
    setLong(false);
    if (state !== 'offline') return undefined;
    const timer = setTimeout(() => setLong(true), ALARM_AFTER_MS);
    return () => clearTimeout(timer);
  }, [state]);
  return state === 'offline' && !isLong ? 'connecting' : state;
}

function Connection() {
  const t = useText('shell');
  const state = useConnection();
  return (
    <span class="connection" data-state={state} role="status">
      <span class="connection-dot" aria-hidden="true" />
      {t(state)}
    </span>
  );
}

export function LanguageChoice() {
  const t = useText('shell');
  const chosen = useLanguage();
  return (
    <select
      class="select select-small"
      aria-label={t('language')}
      value={chosen}
      onChange={({ currentTarget: select }) => {
        // Not while the gateway is away: then it stays as it is.
        chooseLanguage(select.value as Language).catch(() => (select.value = chosen));
      }}
    >
      {Object.entries(LANGUAGES).map(([tag, name]) => (
        <option key={tag} value={tag}>
          {name}
        </option>
      ))}
    </select>
  );
}

function OfflineNotice() {
  const t = useText('shell');
  if (useConnection() !== 'offline') return null;
  return (
    <p class="banner" role="alert">
      <Icon name="warning" />
      {t('offline_hint')}
    </p>
  );
}
