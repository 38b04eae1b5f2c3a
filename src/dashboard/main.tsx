// The dashboard's start: in the browser, from `index.html`.
// Before the pages: their own styles come later, and count.
import './styles/tokens.css';
import './styles/base.css';
import './styles/shell.css';
import './styles/parts.css';
import { QueryClientProvider } from '@tanstack/preact-query';
import { render } from 'preact';
import { App } from './app.tsx';
import { keepFocus } from './focus.ts';
import { speak } from './i18n/words.ts';
import { queries } from './queries.ts';
import { resume } from './session.ts';

const AGAIN_MS = 1000;

/** Again and again: the gateway may have gone since it gave this script. */
async function untilItSpeaks(): Promise<void> {
  try {
    await speak();
  } catch {
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    await untilItSpeaks();
  }
}

keepFocus();
void resume();
await untilItSpeaks();
render(
  <QueryClientProvider client={queries}>
    <App />
  </QueryClientProvider>,
  document.getElementById('app')!,
);
