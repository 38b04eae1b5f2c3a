// `jobgate version`: the package's version.
import pkg from '#package.json' with { type: 'json' };

export async function run(): Promise<number> {
  process.stdout.write(`${pkg.version}\n`);
  return 0;
}
