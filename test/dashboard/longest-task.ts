// How long the page was held up at the most: what a reader feels as a freeze.
import type { Page } from 'playwright-core';

/** Of all tasks above 50 ms since the page began; the browser tells of them when it has time. */
const LONGEST = `new Promise((resolve) => {
  new PerformanceObserver((list, observer) => {
    observer.disconnect();
    resolve(Math.max(...list.getEntries().map(({ duration }) => duration)));
  }).observe({ type: 'longtask', buffered: true });
  setTimeout(() => resolve(0), 500);
})`;

/** Milliseconds; 0 where none took 50. */
export const longestTask = (page: Page): Promise<number> => page.evaluate(LONGEST);
