// A workflow of n8n, run node by node: the few nodes and expressions that our examples are made of.
import { runInNewContext } from 'node:vm';

export interface WorkflowNode {
  id: string;
  name: string;
  type: string;
  typeVersion: number;
  parameters: any;
  credentials?: Record<string, { name: string }>;
}

export interface Workflow {
  name: string;
  nodes: WorkflowNode[];
  /** By the name of the node that they start from; `main` has a list for each of its outputs. */
  connections: Record<string, { main: { node: string; type: string; index: number }[][] }>;
}

export interface NodeRequest {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: unknown;
}

/** What a workflow finds around it. */
export interface Surroundings {
  /** Gives the body of the answer. */
  request(request: NodeRequest): Promise<unknown>;
  resumeUrl: string;
  /** Resolves to what a Wait node gives on, once its resume URL was called. */
  resumed(): Promise<unknown>;
}

/** The workflow was stopped by its node "Stop and Error". */
export class WorkflowStopped extends Error {}

interface Step {
  json: unknown;
  output: number;
}

/** Runs it from its trigger; resolves to what the last node gave. */
export async function runWorkflow(workflow: Workflow, around: Surroundings): Promise<unknown> {
  const given = new Map<string, unknown>();
  let node: WorkflowNode | undefined = triggerOf(workflow);
  let json: unknown = {};
  while (node) {
    const step: Step = await runNode(node, scopeOf(json, given, around), around);
    json = step.json;
    given.set(node.name, json);
    node = nextOf(workflow, node, step.output);
  }
  return json;
}

export function triggerOf({ nodes }: Workflow): WorkflowNode | undefined {
  return nodes.find(({ type }) => /trigger$/i.test(type));
}

function nextOf(workflow: Workflow, { name }: WorkflowNode, output: number) {
  const [next] = workflow.connections[name]?.main[output] ?? [];
  return workflow.nodes.find((node) => node.name === next?.node);
}

/** What an expression may name. */
function scopeOf(json: unknown, given: Map<string, unknown>, { resumeUrl }: Surroundings): object {
  const named = (name: string) => {
    if (!given.has(name)) throw new Error(`"${name}" has not run`);
    return { item: { json: given.get(name) }, first: () => ({ json: given.get(name) }) };
  };
  return {
    $json: json,
    $: named,
    $workflow: { id: 'W1' },
    $execution: { id: '17', resumeUrl },
    $itemIndex: 0,
  };
}

/** The value of a parameter: an expression where it begins with `=`. */
function evaluate(value: string, scope: object): unknown {
  if (!value.startsWith('=')) return value;
  const template = value.slice(1);
  const [, only] = /^\{\{((?:(?!\}\}).)*)\}\}$/.exec(template) ?? [];
  if (only !== undefined) return runInNewContext(only, { ...scope });
  return template.replaceAll(/\{\{(.*?)\}\}/g, (_, code: string) =>
    String(runInNewContext(code, { ...scope })),
  );
}

async function runNode(node: WorkflowNode, scope: object, around: Surroundings): Promise<Step> {
  const { parameters } = node;
  const text = (value: string) => String(evaluate(value, scope));
  switch (node.type.replace('n8n-nodes-base.', '')) {
    case 'manualTrigger':
      return { json: {}, output: 0 };
    case 'set':
      return { json: fieldsOf(parameters, scope), output: 0 };
    case 'httpRequest':
      return { json: await around.request(requestOf(node, scope)), output: 0 };
    case 'switch':
      return { json: (scope as { $json: unknown }).$json, output: outputOf(parameters, scope) };
    case 'wait':
      return { json: await around.resumed(), output: 0 };
    case 'stopAndError':
      throw new WorkflowStopped(text(parameters.errorMessage));
    default:
      throw new Error(`${node.type} is not a node of our examples`);
  }
}

function fieldsOf({ mode, jsonOutput, assignments }: any, scope: object): unknown {
  if (mode === 'raw') return JSON.parse(String(evaluate(jsonOutput, scope)));
  return Object.fromEntries(
    assignments.assignments.map(({ name, value, type }: any) => {
      const found = evaluate(value, scope);
      return [name, type === 'object' ? JSON.parse(String(found)) : found];
    }),
  );
}

function requestOf({ parameters, credentials }: WorkflowNode, scope: object): NodeRequest {
  const header = credentials?.[parameters.genericAuthType]?.name;
  if (parameters.authentication !== 'genericCredentialType' || !header) {
    throw new Error('the request has no credential');
  }
  const pairs = (parameters.headerParameters?.parameters ?? []) as {
    name: string;
    value: string;
  }[];
  return {
    method: parameters.method,
    url: String(evaluate(parameters.url, scope)),
    headers: Object.fromEntries(
      pairs.map(({ name, value }) => [name, String(evaluate(value, scope))]),
    ),
    body: JSON.parse(String(evaluate(parameters.jsonBody, scope))),
  };
}

/** The first rule that holds, else the output behind those of the rules. */
function outputOf({ rules, options }: any, scope: object): number {
  const index = rules.values.findIndex(({ conditions }: any) => holds(conditions, scope));
  if (index < 0 && options.fallbackOutput !== 'extra') throw new Error('no rule holds');
  return index < 0 ? rules.values.length : index;
}

function holds({ conditions, combinator }: any, scope: object): boolean {
  const results = conditions.map(({ leftValue, rightValue, operator }: any) => {
    if (operator.operation !== 'equals') throw new Error(`${operator.operation} is not known here`);
    return evaluate(leftValue, scope) === evaluate(rightValue, scope);
  });
  return combinator === 'or' ? results.includes(true) : !results.includes(false);
}
