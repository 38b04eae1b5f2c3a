// A link within the page.
import type { ComponentChildren } from 'preact';
import { followLink } from '../location.ts';

interface LinkProps {
  href: string;
  class?: string;
  /** Marks it as the page that is shown. */
  current?: boolean;
  label?: string;
  children: ComponentChildren;
}

export function Link({ href, class: name, current = false, label, children }: LinkProps) {
  return (
    <a
      href={href}
      class={name}
      aria-current={current ? 'page' : undefined}
      aria-label={label}
      onClick={followLink}
    >
      {children}
    </a>
  );
}
