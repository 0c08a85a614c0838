import { readFileSync } from 'node:fs'
import type { Draft } from './draft.ts'
import type { KubeObject } from './object.ts'
import { createRegistry } from './registry.ts'
import type { ApiKind } from './registry.ts'

/** One request of a recorded scenario and the answer that a real Kubernetes gave. For tests. */
export interface RecordedStep {
  readonly id: string
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Draft<KubeObject>
  readonly setup: boolean
  readonly status: number
  readonly answer: Draft<KubeObject> & { readonly message?: string; readonly details?: unknown }
}

interface Recording {
  readonly steps: readonly { id: string; setup?: boolean; request?: Partial<RecordedStep> & { body?: unknown } }[]
  readonly outcomes: readonly { id: string; status: number; body: unknown }[]
}

export function recordedSteps(scenario: string): readonly RecordedStep[] {
  const file = new URL(`../../test/recordings/${scenario}.json`, import.meta.url)
  const recording = JSON.parse(readFileSync(file, 'utf8')) as Recording
  return recording.steps.flatMap(({ id, setup, request }) => {
    const outcome = recording.outcomes.find((one) => one.id === id)
    if (request === undefined || (outcome === undefined && setup !== true)) return []
    const { status = 0, body: answer } = outcome ?? {}
    return [{ headers: {}, ...request, id, setup: setup === true, status, answer } as unknown as RecordedStep]
  })
}

const registry = createRegistry()

/** The kind that a recorded path is about. */
export function kindOfPath(path: string): ApiKind {
  const parts = (path.split('?')[0] ?? '').split('/').filter((part) => part !== '')
  const [group, version, ...rest] = parts[0] === 'api' ? ['', ...parts.slice(1)] : parts.slice(1)
  const plural = rest[0] === 'namespaces' && rest.length > 2 ? rest[2] : rest[0]
  const kind = registry.find(group ?? '', version ?? '', plural ?? '')
  if (kind === undefined) throw new Error(`No kind is served at ${path}`)
  return kind
}
