// The sign-in: an API key, and why one was not taken.
import { useId, useLayoutEffect, useState } from 'preact/hooks';
import { DeedButton } from '../components/deed-button.tsx';
import { useText, type Text } from '../i18n/words.ts';
import { signIn, statusOf } from '../session.ts';
import { LanguageChoice } from '../shell.tsx';
import './sign-in.css';

/** Anything else a browser refuses to send. */
const FITS_HEADER = /^[\x21-\x7e]+$/;

type SignInText = Text<'sign_in'>;

/** `ended`: the key of before was not taken any more. */
export function SignInPage({ ended }: { ended: 'revoked' | undefined }) {
  const t = useText('sign_in');
  const shared = useText('shell');
  useLayoutEffect(() => {
    document.title = `${t('submit')} · Jobgate`;
  }, [t]);
  return (
    <main class="centered">
      <div class="sign-in card">
        <img src="/favicon.svg" alt="" width="40" height="40" />
        <h1>{t('title')}</h1>
        <p class="quiet">{t('lead')}</p>
        <KeyForm t={t} first={ended && t(ended)} />
        <p class="quiet small">{t('first')}</p>
        <div class="sign-in-foot">
          <a href="/docs">{shared('api_docs')}</a>
          <LanguageChoice />
        </div>
      </div>
    </main>
  );
}

function KeyForm({ t, first }: { t: SignInText; first: string | undefined }) {
  const id = useId();
  const [apiKey, setApiKey] = useState('');
  const [fault, setFault] = useState(first);
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    if (isBusy) return;
    const text = apiKey.trim();
    if (!FITS_HEADER.test(text)) return setFault(t('wrong'));
    setBusy(true);
    try {
      await signIn(text);
    } catch (error) {
      setFault(faultOf(error, t));
      setBusy(false);
    }
  };
  return (
    <form class="form" onSubmit={(event) => void submit(event)}>
      <label class="label" for={id}>
        {t('key')}
      </label>
      <input
        id={id}
        class="input mono"
        type="password"
        name="api-key"
        autocomplete="off"
        spellcheck={false}
        required
        autofocus
        value={apiKey}
        aria-invalid={fault ? true : undefined}
        aria-describedby={`${id}-fault`}
        onInput={({ currentTarget }) => setApiKey(currentTarget.value)}
      />
      <p id={`${id}-fault`} class="fault" role="alert">
        {fault}
      </p>
      <DeedButton
        type="submit"
        class="button button-primary"
        isBusy={isBusy || apiKey.trim() === ''}
      >
        {t('submit')}
      </DeedButton>
    </form>
  );
}

function faultOf(error: unknown, t: SignInText): string {
  const status = statusOf(error);
  if (status === 401) return t('wrong');
  if (status === 429) return t('limited');
  if (status === undefined) return t('unreachable');
  return t('other', { message: error instanceof Error ? error.message : '' });
}
