import type {
  MutatingWebhookConfiguration,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from '../generated/admissionregistration-v1.ts'
import type { FlowSchema, PriorityLevelConfiguration } from '../generated/flowcontrol-v1.ts'
import { ageOf } from '../meta/duration.ts'
import type { Cell, CellFunctions } from './column.ts'

function webhookCells({ metadata, webhooks }: MutatingWebhookConfiguration, nowMs: number): readonly Cell[] {
  return [metadata.name ?? '', (webhooks ?? []).length, ageOf(metadata.creationTimestamp, nowMs)]
}

function policyCells({ metadata, spec }: ValidatingAdmissionPolicy, nowMs: number): readonly Cell[] {
  const kind = spec?.paramKind
  return [
    metadata.name ?? '',
    (spec?.validations ?? []).length,
    kind === undefined ? '<unset>' : `${kind.apiVersion}/${kind.kind}`,
    ageOf(metadata.creationTimestamp, nowMs),
  ]
}

/** A parameter without a namespace may be of any: whether its kind has namespaces cannot be told from here. */
function policyBindingCells({ metadata, spec }: ValidatingAdmissionPolicyBinding, nowMs: number): readonly Cell[] {
  const param = spec?.paramRef
  const name = param?.name ? `${param.namespace || '*'}/${param.name}` : undefined
  const selected = param?.selector === undefined ? '<unset>' : goText(param.selector)
  return [metadata.name ?? '', spec?.policyName ?? '', name ?? selected, ageOf(metadata.creationTimestamp, nowMs)]
}

type Selector = NonNullable<NonNullable<NonNullable<ValidatingAdmissionPolicyBinding['spec']>['paramRef']>['selector']>

/** A selector as Go's generated code prints one. */
function goText({ matchLabels = {}, matchExpressions = [] }: Selector): string {
  const labels = Object.entries(matchLabels)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}: ${value},`)
    .join('')
  const rules = matchExpressions
    .map(({ key, operator, values }) => {
      return `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${(values ?? []).join(' ')}],},`
    })
    .join('')
  return `&LabelSelector{MatchLabels:map[string]string{${labels}},MatchExpressions:[]LabelSelectorRequirement{${rules}},}`
}

function flowCells({ metadata, spec, status }: FlowSchema, nowMs: number): readonly Cell[] {
  return [
    metadata.name ?? '',
    spec?.priorityLevelConfiguration.name ?? '',
    spec?.matchingPrecedence ?? 0,
    spec?.distinguisherMethod?.type ?? '<none>',
    ageOf(metadata.creationTimestamp, nowMs),
    status?.conditions?.find(({ type }) => type === 'Dangling')?.status ?? '?',
  ]
}

function levelCells({ metadata, spec }: PriorityLevelConfiguration, nowMs: number): readonly Cell[] {
  const queuing = spec?.limited?.limitResponse?.queuing
  return [
    metadata.name ?? '',
    spec?.type ?? '',
    spec?.limited?.nominalConcurrencyShares ?? '<none>',
    queuing?.queues ?? '<none>',
    queuing?.handSize ?? '<none>',
    queuing?.queueLengthLimit ?? '<none>',
    ageOf(metadata.creationTimestamp, nowMs),
  ]
}

export const admissionCells: CellFunctions = {
  'mutatingwebhookconfigurations.admissionregistration.k8s.io': webhookCells,
  'validatingwebhookconfigurations.admissionregistration.k8s.io': webhookCells,
  'validatingadmissionpolicies.admissionregistration.k8s.io': policyCells,
  'validatingadmissionpolicybindings.admissionregistration.k8s.io': policyBindingCells,
  'flowschemas.flowcontrol.apiserver.k8s.io': flowCells,
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io': levelCells,
}
