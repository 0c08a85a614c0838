import type { IncomingMessage } from 'node:http'
import { apiError } from '../../api/meta/status.ts'
import { describeRefusal } from '../verbs/authorizer.ts'
import type { Authorizer } from '../verbs/authorizer.ts'
import type { UserInfo } from '../verbs/request.ts'

const EXTRA = 'impersonate-extra-'
/** What has no valid namespace or name is a user like any other. */
const SERVICE_ACCOUNT =
  /^system:serviceaccount:([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?):([a-z0-9](?:[-.a-z0-9]*[a-z0-9])?)$/

/**
 * The user that a request is to be made as: by its `Impersonate-*` headers where it has any and `user` may impersonate
 * each part of them, else `user` itself.
 */
export function impersonate(request: IncomingMessage, user: UserInfo, authorizer: Authorizer): UserInfo {
  const { headers } = request
  const name = headers['impersonate-user']
  if (name === undefined && !Object.keys(headers).some((header) => header.startsWith('impersonate-'))) return user
  const distinct = headersDistinct(request)
  if (typeof name !== 'string' || name === '') throw new NobodyImpersonated(partsAsked(distinct))
  const groups = distinct.get('impersonate-group') ?? []
  const uid = distinct.get('impersonate-uid')?.[0]
  const extra = extraOf(distinct)
  const check = checker(user, authorizer)
  checkUser(check, name)
  for (const group of groups) check('', 'groups', group)
  if (uid !== undefined) check('authentication.k8s.io', 'uids', uid)
  for (const [key, values] of Object.entries(extra)) {
    for (const value of values) check('authentication.k8s.io', 'userextras', value, undefined, key)
  }
  const impersonated = { name, groups: effectiveGroups(name, groups), ...(uid === undefined ? {} : { uid }) }
  return Object.keys(extra).length === 0 ? impersonated : { ...impersonated, extra }
}

/** Groups or the like were asked for, and nobody to have them. */
export class NobodyImpersonated extends Error {
  constructor(parts: readonly string[]) {
    super(`requested [${parts.join(' ')}] without impersonating a user`)
  }
}

/** What was asked for, as Go writes references to objects. */
function partsAsked(headers: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const of = 'authentication.k8s.io/v1'
  const groups = (headers.get('impersonate-group') ?? []).map((group) => `{Group  ${group}    }`)
  const extra = Object.entries(extraOf(headers)).flatMap(([key, values]) =>
    values.map((value) => `{UserExtra  ${value}  ${of}  ${key}}`),
  )
  const uids = (headers.get('impersonate-uid') ?? []).slice(0, 1).map((uid) => `{UID  ${uid}  ${of}  }`)
  return [...groups, ...extra, ...uids]
}

/** Each header's values one by one, which requests of HTTP/2 do not have ready. */
function headersDistinct({ rawHeaders }: IncomingMessage): ReadonlyMap<string, readonly string[]> {
  const distinct = new Map<string, string[]>()
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const [name = '', value = ''] = rawHeaders.slice(i, i + 2)
    const key = name.toLowerCase()
    distinct.set(key, [...(distinct.get(key) ?? []), value])
  }
  return distinct
}

function extraOf(headers: ReadonlyMap<string, readonly string[]>): Readonly<Record<string, readonly string[]>> {
  const extra: Record<string, readonly string[]> = {}
  for (const [header, values] of headers) {
    if (header.startsWith(EXTRA)) extra[decodeURIComponent(header.slice(EXTRA.length))] = values
  }
  return extra
}

type Check = ReturnType<typeof checker>

function checker(user: UserInfo, authorizer: Authorizer) {
  return (group: string, resource: string, name: string, namespace?: string, subresource?: string): void => {
    const version = 'v1'
    const place = {
      ...(namespace === undefined ? {} : { namespace }),
      ...(subresource === undefined ? {} : { subresource }),
    }
    const attributes = { user, verb: 'impersonate', group, version, resource, name, ...place }
    const decision = authorizer.authorize(attributes)
    if (decision.allowed) return
    const what = group === '' ? resource : `${resource}.${group}`
    const facts = { name, ...(group === '' ? {} : { group }), kind: resource }
    throw apiError('Forbidden', `${what} "${name}" is forbidden: ${describeRefusal(attributes, decision)}`, facts)
  }
}

function checkUser(check: Check, name: string): void {
  const account = SERVICE_ACCOUNT.exec(name)
  if (account === null) return check('', 'users', name)
  check('', 'serviceaccounts', account[2] ?? '', account[1])
}

/** Kubernetes adds what the user would have had by logging in, unless the request says otherwise. */
function effectiveGroups(name: string, asked: readonly string[]): readonly string[] {
  const account = SERVICE_ACCOUNT.exec(name)
  const groups =
    asked.length === 0 && account !== null ? ['system:serviceaccounts', `system:serviceaccounts:${account[1]}`] : asked
  if (groups.includes('system:authenticated') || groups.includes('system:unauthenticated')) return groups
  return [...groups, name === 'system:anonymous' ? 'system:unauthenticated' : 'system:authenticated']
}
