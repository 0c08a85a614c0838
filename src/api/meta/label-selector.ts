/** One requirement on an object's labels. */
export interface Requirement {
  readonly key: string
  readonly operator: '=' | '==' | '!=' | 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt'
  readonly values: readonly string[]
}

/** All requirements must hold; none means everything. */
export type LabelSelector = readonly Requirement[]

/** Parses a selector's text, such as `a=b,c in (d,e),!f`. Throws a BadRequest ApiError with Kubernetes' message. */
export function parseLabelSelector(text: string): LabelSelector {
  void text
  throw new Error('not built yet')
}

/** The object form (`matchLabels`, `matchExpressions`) as requirements; absent matches nothing: undefined. */
export function fromLabelSelector(selector: unknown): LabelSelector | undefined {
  void selector
  throw new Error('not built yet')
}

export function matchesLabels(selector: LabelSelector, labels: Readonly<Record<string, string>> | undefined): boolean {
  void [selector, labels]
  throw new Error('not built yet')
}

/** The canonical text of a selector. */
export function formatLabelSelector(selector: LabelSelector): string {
  void selector
  throw new Error('not built yet')
}
