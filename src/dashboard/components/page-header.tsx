// The head of a page: its name, which the tab has too, and what can be done on it.
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

interface PageHeaderProps {
  title: string;
  lead?: ComponentChildren;
  actions?: ComponentChildren;
}

export function PageHeader({ title, lead, actions }: PageHeaderProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => {
    document.title = `${title} · Jobgate`;
  }, [title]);
  // A page that was followed to is read from its name on.
  useLayoutEffect(() => heading.current?.focus({ preventScroll: true }), []);
  return (
    <header class="page-header">
      <div>
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {lead && <div class="page-lead">{lead}</div>}
      </div>
      {actions && <div class="page-actions">{actions}</div>}
    </header>
  );
}
