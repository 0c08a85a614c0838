import type { NodeSelectorTerm } from '../generated/core-v1.ts'
import { labelValueProblems } from '../meta/names.ts'

/** Labels of nodes that have other names by now. */
const DEPRECATED: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'failure-domain.beta.kubernetes.io/region': 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone': 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'beta.kubernetes.io/instance-type': 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
  'app.kubernetes.io/created-by': 'deprecated since v1.9',
  'scheduler.alpha.kubernetes.io/preferAvoidPods': 'deprecated since v1.22; use Taints and Tolerations instead',
  'node-role.kubernetes.io/master': 'use "node-role.kubernetes.io/control-plane" instead',
}

/** What is to be said of a node's label, if anything. */
export const deprecationOfLabel = (label: string): string | undefined =>
  Object.hasOwn(DEPRECATED, label) ? DEPRECATED[label] : undefined

export function warnOfTerm(term: NodeSelectorTerm, path: string, checksValues: boolean): readonly string[] {
  return (term.matchExpressions ?? []).flatMap(({ key, values = [] }, i) => {
    const at = `${path}.matchExpressions[${i}]`
    const deprecation = deprecationOfLabel(key)
    const own = deprecation === undefined ? [] : [`${at}.key: ${key} is ${deprecation}`]
    if (!checksValues) return own
    const invalid = values.flatMap((value, j) =>
      labelValueProblems(value).map((problem) => `${at}.values[${j}]: ${value} is invalid, ${problem}`),
    )
    return [...own, ...invalid]
  })
}
