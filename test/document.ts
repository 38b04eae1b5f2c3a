// A document of the repository: its text, its fenced blocks and its links.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

export interface Block {
  language: string;
  /** What stands behind the language: `runnable`, `file=…`. */
  mark: string;
  code: string;
}

export interface Link {
  /** Empty for one within the document. */
  path: string;
  anchor: string;
}

export class Document {
  readonly text: string;

  /** `path` from the root of the repository. */
  constructor(path: string) {
    this.text = readFileSync(join(ROOT, path), 'utf8');
  }

  blocks(): Block[] {
    const fences = this.text.matchAll(/^```(\S*) ?(.*)\n([^]*?)^```$/gm);
    return [...fences].map(([, language = '', mark = '', code = '']) => ({ language, mark, code }));
  }

  /** The code fenced as "```<language> runnable", in its order. */
  runnable(language: string): string[] {
    return this.blocks()
      .filter((block) => block.language === language && block.mark === 'runnable')
      .map(({ code }) => code);
  }

  /** To files of the repository and to headings. */
  links(): Link[] {
    const targets = this.#prose().matchAll(/\]\(([^)\s]+)\)/g);
    return [...targets]
      .map(([, target = '']) => target)
      .filter((target) => !/^[a-z]+:/.test(target))
      .map((target) => {
        const [path = '', anchor = ''] = target.split('#');
        return { path, anchor };
      });
  }

  /** Of its headings, as they are linked to. */
  anchors(): string[] {
    return [...this.#prose().matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    );
  }

  #prose(): string {
    return this.text.replaceAll(/^```[^]*?^```$/gm, '');
  }
}
