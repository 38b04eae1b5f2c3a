#!/usr/bin/env node
// The entry of `jobgate`: looks at Node's version before it loads anything that needs a newer one.
// JavaScript, because the first TypeScript file makes Node load its compiler, for 55 ms; the files
// after it come out of the compile cache without.

/** @type {[major: number, minor: number]} */
const REQUIRED = [22, 18];
const EXIT_OLD_NODE = 3;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < REQUIRED[0] || (major === REQUIRED[0] && minor < REQUIRED[1])) {
  process.stderr.write(
    `jobgate needs Node.js ${REQUIRED.join('.')} or newer and this is ${process.versions.node}: install the current LTS from https://nodejs.org\n`,
  );
  process.exitCode = EXIT_OLD_NODE;
} else {
  // Compiled code is kept for the next command, which takes half the time with it.
  const { enableCompileCache } = await import('node:module');
  enableCompileCache();
  const { runCommand } = await import('./commands.ts');
  process.exitCode = await runCommand(process.argv.slice(2));
}
