import { apiError } from '../../api/meta/status.ts'
import type { ListOptions, LogOptions, RemoveOptions, WatchOptions, WriteOptions } from '../../client/client.ts'

/** A request's query; undefined where it has none, which is the common case. */
export type Query = URLSearchParams | undefined

export function parseQuery(query: string): Query {
  return query === '' ? undefined : new URLSearchParams(query)
}

/** A flag as Go's `strconv.ParseBool` and Kubernetes' query conversion read it. */
export function flag(query: Query, name: string): boolean {
  const value = query?.get(name)
  return value !== undefined && value !== null && !['', '0', 'f', 'false', 'F', 'FALSE', 'False'].includes(value)
}

function text<K extends string>(query: Query, name: K): { readonly [P in K]?: string } {
  const value = query?.get(name)
  return value === undefined || value === null || value === '' ? {} : ({ [name]: value } as { [P in K]: string })
}

function whole<K extends string>(query: Query, name: K): { readonly [P in K]?: number } {
  const value = query?.get(name)
  if (value === undefined || value === null || value === '') return {}
  if (!/^[+-]?\d+$/.test(value)) throw apiError('BadRequest', `strconv.ParseInt: parsing "${value}": invalid syntax`)
  return { [name]: Number(value) } as { [P in K]: number }
}

function set<K extends string>(query: Query, name: K): { readonly [P in K]?: true } {
  return flag(query, name) ? ({ [name]: true } as { [P in K]: true }) : {}
}

export function listOptions(query: Query): ListOptions {
  if (query === undefined) return {}
  return {
    ...text(query, 'labelSelector'),
    ...text(query, 'fieldSelector'),
    ...whole(query, 'limit'),
    ...text(query, 'continue'),
    ...text(query, 'resourceVersion'),
    ...(text(query, 'resourceVersionMatch') as Pick<ListOptions, 'resourceVersionMatch'>),
  }
}

export function watchOptions(query: Query): WatchOptions & { readonly timeoutSeconds?: number } {
  return {
    ...text(query, 'labelSelector'),
    ...text(query, 'fieldSelector'),
    ...text(query, 'resourceVersion'),
    ...set(query, 'allowWatchBookmarks'),
    ...set(query, 'sendInitialEvents'),
    ...whole(query, 'timeoutSeconds'),
  }
}

/** `optionsKind` is the kind that Kubernetes names where the options are wrong, such as `CreateOptions`. */
export function writeOptions(query: Query, optionsKind: string): WriteOptions {
  if (query === undefined) return {}
  const fieldValidation = query.get('fieldValidation') ?? ''
  return {
    ...text(query, 'fieldManager'),
    ...(fieldValidation === '' ? {} : { fieldValidation: checkFieldValidation(fieldValidation, optionsKind) }),
    ...dryRunOption(query.getAll('dryRun'), optionsKind),
  }
}

const FIELD_VALIDATIONS = ['Ignore', 'Warn', 'Strict'] as const

function checkFieldValidation(value: string, optionsKind: string): (typeof FIELD_VALIDATIONS)[number] {
  const known = FIELD_VALIDATIONS.find((each) => each === value)
  if (known !== undefined) return known
  throw invalidOption(optionsKind, 'fieldValidation', `"${value}"`, '"", "Ignore", "Strict", "Warn"')
}

/** `values` as they stand in the query or in a DeleteOptions body: `All` is the one that exists. */
export function dryRunOption(values: readonly unknown[], optionsKind: string): { readonly dryRun?: true } {
  const asked = values.filter((value) => value !== '')
  if (asked.some((value) => value !== 'All')) throw invalidOption(optionsKind, 'dryRun', JSON.stringify(asked), '"All"')
  return asked.length > 0 ? { dryRun: true } : {}
}

function invalidOption(optionsKind: string, field: string, value: string, supported: string) {
  const message = `Unsupported value: ${value}: supported values: ${supported}`
  return apiError('Invalid', `${optionsKind}.meta.k8s.io "" is invalid: ${field}: ${message}`, {
    group: 'meta.k8s.io',
    kind: optionsKind,
    causes: [{ reason: 'FieldValueNotSupported', message, field }],
  })
}

/** Of a DELETE without a body. */
export function removeOptions(query: Query): RemoveOptions {
  if (query === undefined) return {}
  const orphan = query.get('orphanDependents')
  const legacy = orphan === null ? {} : { propagationPolicy: flag(query, 'orphanDependents') ? 'Orphan' : 'Background' }
  return {
    ...whole(query, 'gracePeriodSeconds'),
    ...(legacy as Pick<RemoveOptions, 'propagationPolicy'>),
    ...(text(query, 'propagationPolicy') as Pick<RemoveOptions, 'propagationPolicy'>),
    ...dryRunOption(query.getAll('dryRun'), 'DeleteOptions'),
  }
}

export function logOptions(query: Query): LogOptions {
  return {
    ...text(query, 'container'),
    ...set(query, 'follow'),
    ...set(query, 'previous'),
    ...set(query, 'timestamps'),
    ...text(query, 'sinceTime'),
    ...whole(query, 'sinceSeconds'),
    ...whole(query, 'tailLines'),
    ...whole(query, 'limitBytes'),
  }
}
