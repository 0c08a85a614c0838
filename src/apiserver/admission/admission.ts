import type { Draft } from '../../api/draft.ts'
import type { KubeObject } from '../../api/object.ts'
import type { Environment } from '../../env/environment.ts'
import type { Mutation, Snapshot } from '../../store/store.ts'
import type { AuditNotes } from '../audit/audit-notes.ts'
import type { ServedResource } from '../verbs/served-resource.ts'
import type { UserInfo } from '../verbs/request.ts'

/** A write on its way, as admission sees it: decoded, defaulted, not yet validated. */
export interface AdmissionRequest {
  readonly user: UserInfo
  readonly resource: ServedResource
  readonly subresource: string | undefined
  /** A connection is no write, but webhooks may refuse it. */
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'
  readonly namespace: string | undefined
  /** Empty where the name is yet to be generated. */
  readonly name: string
  /** What `object` is where that is not of the resource's kind: the body of an act such as an eviction. */
  readonly part?: { readonly group: string; readonly version: string; readonly kind: string } | undefined
  /** What is to be written, to be changed in place by mutating plugins; the object to go, for a DELETE. */
  readonly object: Draft<KubeObject>
  /** What it replaces. */
  readonly old: KubeObject | undefined
  readonly dryRun: boolean
  /** What else the request said of how it is to be done, for those who are asked about it. */
  readonly options: object
  /** The pending head: what a write must hold against. */
  readonly head: Snapshot
  readonly environment: Environment
  /** Takes what is to be written together with the object, before it. */
  readonly beside?: Mutation[]
  readonly warn: (text: string) => void
  /** Where annotations of the request's audit event go. */
  readonly notes: AuditNotes | undefined
}

/** A rule that writes obey. It sees only the kinds that it names, and answers with an ApiError thrown. */
export interface AdmissionPlugin {
  /** Kubernetes' name for it. */
  readonly name: string
  /** Storage names, or all. */
  readonly resources: readonly string[] | 'all'
  readonly operations: readonly AdmissionRequest['operation'][]
  /** Whether it is shown acts, too: bindings, evictions, tokens. They are only admitted, not validated. */
  readonly seesActs?: boolean
  /** Changes `request.object` in place. Runs before the kind's own preparation and validation. */
  mutate?(request: AdmissionRequest): void
  /** Runs after validation, on the object as it will be stored. */
  validate?(request: AdmissionRequest): void
}

/** All plugins, in their order. */
export interface AdmissionChain {
  mutate(request: AdmissionRequest): void
  validate(request: AdmissionRequest): void
}

/** A chain that finds the plugins of a request by one look-up. */
export function createAdmissionChain(plugins: readonly AdmissionPlugin[], observe?: AdmissionObserver): AdmissionChain {
  const chosen = new Map<string, readonly AdmissionPlugin[]>()
  const pluginsFor = ({ operation, resource, part }: AdmissionRequest) => {
    const key = `${operation} ${resource.storage}${part === undefined ? '' : ' act'}`
    let found = chosen.get(key)
    if (found === undefined) {
      found = plugins.filter(
        (plugin) => handles(plugin, operation, resource.storage) && (part === undefined || plugin.seesActs === true),
      )
      chosen.set(key, found)
    }
    return found
  }
  const run = (type: 'admit' | 'validate', act: (plugin: AdmissionPlugin) => void, request: AdmissionRequest) => {
    const { clock } = request.environment
    const started = clock.monotonicMs()
    let current: AdmissionPlugin | undefined
    try {
      for (const plugin of pluginsFor(request)) act((current = plugin))
    } catch (error) {
      observe?.rejected(type, request.operation, current?.name ?? '')
      throw error
    } finally {
      observe?.took(type, request.operation, (clock.monotonicMs() - started) / 1000)
    }
  }
  return {
    mutate: (request) => run('admit', (plugin) => plugin.mutate?.(request), request),
    validate: (request) => run('validate', (plugin) => plugin.validate?.(request), request),
  }
}

/** Is told of each step of admission. */
export interface AdmissionObserver {
  took(type: 'admit' | 'validate', operation: AdmissionRequest['operation'], seconds: number): void
  rejected(type: 'admit' | 'validate', operation: AdmissionRequest['operation'], plugin: string): void
}

function handles(plugin: AdmissionPlugin, operation: AdmissionRequest['operation'], storage: string): boolean {
  if (!plugin.operations.includes(operation)) return false
  return plugin.resources === 'all' || plugin.resources.includes(storage)
}
