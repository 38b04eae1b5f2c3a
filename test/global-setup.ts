// Once before all tests: the program and the page as they are published, which some of them use.
export async function setup(): Promise<void> {
  await import('../tools/bundle.ts');
  await import('../tools/build-dashboard.ts');
}
