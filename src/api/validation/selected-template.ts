import type { PodTemplateSpec } from '../generated/core-v1.ts'
import type { LabelSelector } from '../generated/meta-v1.ts'
import { forbidden, invalid, notSupported, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { fromLabelSelector, matchesLabels } from '../meta/label-selector.ts'
import { goForm } from './go-form.ts'
import { validateLabelSelector } from './label-selector.ts'
import { validatePodTemplate } from './pod.ts'

/** What selects pods by labels, and makes them from a template that must carry those. */
export interface Selected {
  readonly selector?: LabelSelector | null
  readonly template?: PodTemplateSpec
}

/** `owner` as messages on the selector call it, `kind` as those on the template do. */
export function validateSelected({ selector, template }: Selected, owner: string, kind: string): FieldError[] {
  const path = 'spec.template'
  const errors = validateSelector(selector, owner)
  const malformed = validateLabelSelector(selector ?? undefined, 'spec.selector').length > 0
  if (malformed) return [...errors, invalid('spec.selector', selectorForm(selector), 'invalid label selector')]
  if (!selects(selector, template)) errors.push(mismatch(`${path}.metadata.labels`, template?.metadata?.labels))
  errors.push(...validatePodTemplate(template, path))
  return [...errors, ...validateForever(template, path, kind)]
}

export const isEmptySelector = ({ matchLabels, matchExpressions }: LabelSelector): boolean =>
  Object.keys(matchLabels ?? {}).length + (matchExpressions ?? []).length === 0

export const selectorForm = (selector: LabelSelector | null | undefined): unknown =>
  selector ? goForm('metav1.LabelSelector', selector) : null

export function validateSelector(selector: LabelSelector | null | undefined, owner: string): FieldError[] {
  if (selector === undefined || selector === null) return [required('spec.selector')]
  const errors = validateLabelSelector(selector, 'spec.selector')
  if (!isEmptySelector(selector)) return errors
  return [...errors, invalid('spec.selector', selectorForm(selector), `empty selector is invalid for ${owner}`)]
}

/** Whether the template carries what is selected; a selector that is absent selects nothing. */
export function selects(selector: LabelSelector | null | undefined, template: PodTemplateSpec | undefined): boolean {
  if (!selector) return false
  return isEmptySelector(selector) || matchesLabels(fromLabelSelector(selector) ?? [], template?.metadata?.labels ?? {})
}

export const mismatch = (path: string, labels: Readonly<Record<string, string>> | undefined): FieldError =>
  invalid(path, goForm('map[string]string', labels), '`selector` does not match template `labels`')

/** Pods that are replaced for as long as their owner lives restart always, without a deadline. */
export function validateForever(template: PodTemplateSpec | undefined, path: string, kind: string): FieldError[] {
  const { restartPolicy = 'Always', activeDeadlineSeconds } = template?.spec ?? {}
  const errors: FieldError[] = []
  if (restartPolicy !== 'Always') errors.push(notSupported(`${path}.spec.restartPolicy`, restartPolicy, ['Always']))
  if (activeDeadlineSeconds === undefined) return errors
  const detail = `activeDeadlineSeconds in ${kind} is not Supported`
  return [...errors, forbidden(`${path}.spec.activeDeadlineSeconds`, detail)]
}

/** A strategy as Kubernetes' own type of it is shown. */
export function strategyForm(type: string, rollingUpdate: object | undefined): unknown {
  if (rollingUpdate === undefined) return { Type: type, RollingUpdate: null }
  const fields = Object.entries(rollingUpdate).map(([name, value]) => [name[0]?.toUpperCase() + name.slice(1), value])
  const order = ['MaxUnavailable', 'MaxSurge']
  const sorted = fields.toSorted(([a], [b]) => order.indexOf(String(a)) - order.indexOf(String(b)))
  return { Type: type, RollingUpdate: { ...ABSENT_SHARES, ...Object.fromEntries(sorted) } }
}

const ABSENT_SHARES = { MaxUnavailable: 0, MaxSurge: 0 }
