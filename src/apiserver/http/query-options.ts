import { forbidden, invalid, invalidError, notSupported, tooLong } from '../../api/meta/field-error.ts'
import type { FieldError } from '../../api/meta/field-error.ts'
import { apiError } from '../../api/meta/status.ts'
import type { ListOptions, LogOptions, RemoveOptions, WatchOptions, WriteOptions } from '../../client/client.ts'

/** A request's query; undefined where it has none, which is the common case. */
export type Query = URLSearchParams | undefined

export function parseQuery(query: string): Query {
  if (query === '') return undefined
  if (!/[;%]/.test(query)) return new URLSearchParams(query)
  // As in Go, what is wrong is left out.
  const parts = query.split('&').filter((part) => !part.includes(';') && !/%(?![0-9a-fA-F]{2})/.test(part))
  return new URLSearchParams(parts.join('&'))
}

/** A flag as Kubernetes reads one: whatever is there and does not say no says yes. */
export function flag(query: Query, name: string): boolean {
  const value = query?.get(name)
  return value !== undefined && value !== null && value !== '0' && value.toLowerCase() !== 'false'
}

function text<K extends string>(query: Query, name: K): { readonly [P in K]?: string } {
  const value = query?.get(name)
  return value === undefined || value === null || value === '' ? {} : ({ [name]: value } as { [P in K]: string })
}

function whole<K extends string>(query: Query, name: K): { readonly [P in K]?: number } {
  const value = query?.get(name)
  if (value === undefined || value === null) return {}
  const refuse = (why: string) => apiError('BadRequest', `strconv.ParseInt: parsing ${JSON.stringify(value)}: ${why}`)
  if (!/^[+-]?\d+$/.test(value)) throw refuse('invalid syntax')
  if (!isInt64(value.replace('+', ''))) throw refuse('value out of range')
  return { [name]: Number(value) } as { [P in K]: number }
}

const isInt64 = (digits: string) => BigInt.asIntN(64, BigInt(digits)) === BigInt(digits)

function set<K extends string>(query: Query, name: K): { readonly [P in K]?: true } {
  return flag(query, name) ? ({ [name]: true } as { [P in K]: true }) : {}
}

export function listOptions(query: Query): ListOptions {
  if (query === undefined) return {}
  whole(query, 'timeoutSeconds')
  const options: ListOptions = {
    ...text(query, 'labelSelector'),
    ...text(query, 'fieldSelector'),
    ...whole(query, 'limit'),
    ...text(query, 'continue'),
    ...text(query, 'resourceVersion'),
    ...(text(query, 'resourceVersionMatch') as Pick<ListOptions, 'resourceVersionMatch'>),
  }
  if (query.has('sendInitialEvents')) {
    refuseOptions([...matchErrors(options), forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list')])
  }
  refuseOptions(matchErrors(options))
  return options
}

function refuseOptions(errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalidError({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', errors)
}

const MATCH = 'resourceVersionMatch'

/** The combinations that Kubernetes forbids. */
function matchErrors({ resourceVersionMatch: match, resourceVersion: version, ...options }: ListOptions): FieldError[] {
  if (match === undefined) return []
  const errors: FieldError[] = []
  if (version === undefined) errors.push(forbidden(MATCH, `${MATCH} is forbidden unless resourceVersion is provided`))
  if (options.continue) errors.push(forbidden(MATCH, `${MATCH} is forbidden when continue is provided`))
  if (match !== 'Exact' && match !== 'NotOlderThan') {
    errors.push(notSupported(MATCH, match, ['Exact', 'NotOlderThan', '']))
  }
  if (match === 'Exact' && version === '0') {
    errors.push(forbidden(MATCH, `${MATCH} "exact" is forbidden for resourceVersion "0"`))
  }
  return errors
}

export function watchOptions(query: Query): WatchOptions & { readonly timeoutSeconds?: number } {
  if (query === undefined) return {}
  const initial = query.has('sendInitialEvents') ? { sendInitialEvents: flag(query, 'sendInitialEvents') } : {}
  const match = query.get(MATCH) ?? ''
  const errors: FieldError[] = []
  if ('sendInitialEvents' in initial && match !== 'NotOlderThan') {
    errors.push(forbidden(MATCH, `sendInitialEvents requires setting ${MATCH} to NotOlderThan`))
  }
  if (match !== '' && !('sendInitialEvents' in initial)) {
    errors.push(forbidden(MATCH, `${MATCH} is forbidden for watch unless sendInitialEvents is provided`))
  }
  if (match !== '' && match !== 'NotOlderThan') errors.push(notSupported(MATCH, match, ['NotOlderThan']))
  if (query.get('continue')) errors.push(forbidden(MATCH, `${MATCH} is forbidden when continue is provided`))
  refuseOptions(errors)
  return {
    ...text(query, 'labelSelector'),
    ...text(query, 'fieldSelector'),
    ...text(query, 'resourceVersion'),
    ...set(query, 'allowWatchBookmarks'),
    ...initial,
    ...whole(query, 'timeoutSeconds'),
  }
}

type OptionsKind = 'CreateOptions' | 'UpdateOptions' | 'PatchOptions' | 'DeleteOptions'

/** `kind` is the one that Kubernetes names where the options are wrong. */
export function writeOptions(query: Query, kind: OptionsKind): WriteOptions {
  if (query === undefined) return {}
  const { fieldManager } = text(query, 'fieldManager')
  const fieldValidation = query.get('fieldValidation') ?? ''
  const known = FIELD_VALIDATIONS.find((each) => each === fieldValidation)
  const errors = managerErrors(fieldManager ?? '')
  const dryRun = query.getAll('dryRun')
  if (dryRun.some((value) => value !== 'All')) errors.push(notSupported('dryRun', dryRun, ['All']))
  if (fieldValidation !== '' && known === undefined) {
    errors.push(notSupported('fieldValidation', fieldValidation, ['', 'Ignore', 'Strict', 'Warn']))
  }
  if (errors.length > 0) throw invalidError({ group: 'meta.k8s.io', kind }, '', errors)
  return {
    ...(fieldManager !== undefined && { fieldManager }),
    ...(known !== undefined && { fieldValidation: known }),
    ...(dryRun.length > 0 && { dryRun: true }),
  }
}

/** Whether a server-side apply overrides others; no other patch may speak of it. */
export function forceOption(query: Query, isApply: boolean): { readonly force?: true } {
  if (query?.get('force') === undefined || query.get('force') === null) return {}
  if (isApply) return flag(query, 'force') ? { force: true } : {}
  const errors = [forbidden('force', 'may not be specified for non-apply patch')]
  throw invalidError({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', errors)
}

const FIELD_VALIDATIONS = ['Ignore', 'Warn', 'Strict'] as const
const LONGEST_MANAGER_BYTES = 128

function managerErrors(manager: string): FieldError[] {
  const errors: FieldError[] = []
  if (Buffer.byteLength(manager) > LONGEST_MANAGER_BYTES) errors.push(tooLong('fieldManager', LONGEST_MANAGER_BYTES))
  let position = 0
  for (const character of manager) {
    if (/[\p{C}\p{Z}]/u.test(character) && character !== ' ') {
      const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
      errors.push(invalid('fieldManager', manager, `invalid character U+${code} (at position ${position})`))
    }
    position += Buffer.byteLength(character)
  }
  return errors
}

/** `values` as they stand in the query or in a DeleteOptions body: `All` is the one that exists. */
export function dryRunOption(values: readonly unknown[], kind: OptionsKind): { readonly dryRun?: true } {
  if (values.some((value) => value !== 'All')) {
    throw invalidError({ group: 'meta.k8s.io', kind }, '', [notSupported('dryRun', values, ['All'])])
  }
  return values.length > 0 ? { dryRun: true } : {}
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
