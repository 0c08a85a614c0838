import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from '../../src/client/http/connection.ts'
import { readAll } from '../../src/client/http/response.ts'
import { isObject, normalize } from './normalize.ts'
import type { Json } from './normalize.ts'

/** A recorded scenario: requests in order, and how a real Kubernetes API server answered. */
export interface Recording {
  readonly name: string
  readonly steps: readonly Step[]
  readonly outcomes: readonly (Json & { readonly id: string })[]
}

export interface Step {
  readonly id: string
  readonly sleep?: number
  readonly watch?: string
  readonly headers?: Headers
  readonly collect?: string
  readonly count?: number
  readonly request?: {
    readonly method: string
    readonly path: string
    readonly headers?: Headers
    readonly body?: unknown
    readonly raw?: boolean
  }
  readonly until?: { readonly path: string; readonly equals: unknown }
  readonly setup?: boolean
  readonly pick?: readonly string[]
  readonly find?: { readonly list: string; readonly key: string; readonly names: readonly string[] }
  readonly statusOnly?: boolean
}

type Headers = Readonly<Record<string, string | readonly string[]>>

interface Answer {
  readonly status: number
  readonly contentType: string
  readonly warning: string | undefined
  readonly body: unknown
}

/** Sends a request with any headers; answers are those of the connection's endpoint. */
export type Open = (headers: Headers) => Connection

/** How long events that must come may take, and how long a condition may take to hold. */
const PATIENCE_MS = 10_000

/** Replays a scenario in a namespace of its own; gives each step's outcome in the recordings' form. */
export async function replay(open: Open, recording: Recording, namespace: string): Promise<readonly Json[]> {
  const answers = new Map<string, Answer>()
  const watches = new Map<string, CollectedWatch>()
  const outcomes: Json[] = []
  for (const step of recording.steps) {
    const fillIn = (value: unknown) => fill(value, namespace, answers)
    if (step.sleep !== undefined) await sleep(step.sleep)
    else if (step.watch !== undefined) {
      const watch = await startWatch(open(step.headers ?? {}), String(fillIn(step.watch)))
      watches.set(step.id, watch)
      outcomes.push({ id: step.id, status: watch.status })
    } else if (step.collect !== undefined) {
      const events = await watches.get(step.collect)?.collect(step.count ?? 0)
      outcomes.push({ id: step.id ?? `collect ${step.collect}`, events: normalize(events, namespace) })
    } else {
      const answer = await request(open, step, fillIn)
      answers.set(step.id, answer)
      if (step.setup !== true) outcomes.push(outcomeOf(step, answer, namespace))
    }
  }
  return outcomes
}

async function request(open: Open, step: Step, fillIn: (value: unknown) => unknown): Promise<Answer> {
  const until = step.until
  const first = await send(open, step, fillIn)
  if (until === undefined) return first
  const holds = (answer: Answer) => JSON.stringify(at(answer.body, until.path)) === JSON.stringify(until.equals)
  let answer = first
  for (let waited = 0; waited < PATIENCE_MS && !holds(answer); waited += 20) {
    await sleep(20)
    answer = await send(open, step, fillIn)
  }
  return answer
}

async function send(open: Open, step: Step, fillIn: (value: unknown) => unknown): Promise<Answer> {
  const { method = 'GET', path = '', headers = {}, body, raw } = step.request ?? {}
  const { 'content-type': contentType, ...others } = fillIn(headers) as Headers
  const sent = body === undefined ? undefined : raw === true ? String(body) : JSON.stringify(fillIn(body))
  const content = sent === undefined ? {} : { body: sent, contentType: String(contentType ?? 'application/json') }
  const connection = open(others)
  const response = await connection.send({ method, path: String(fillIn(path)), ...content })
  const text = (await readAll(response)).toString()
  connection.close()
  const type = (response.headers['content-type'] ?? '').split(';')[0] ?? ''
  const warning = response.headers['warning'] as string | undefined
  return {
    status: response.statusCode ?? 0,
    contentType: type,
    warning,
    body: type.includes('json') ? parsed(text) : text,
  }
}

/** An answer may be empty, or several events. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

function outcomeOf(step: Step, { status, contentType, warning, body }: Answer, namespace: string): Json {
  const { pick, find } = step
  const listed = find === undefined ? [] : ((at(body, find.list) ?? []) as readonly unknown[])
  const shown =
    pick !== undefined && isObject(body)
      ? pick.map((path) => [path, at(body, path) ?? null])
      : find !== undefined
        ? find.names.map((name) => listed.find((item) => at(item, find.key) === name) ?? null)
        : body
  return {
    id: step.id,
    status,
    contentType,
    ...(warning === undefined ? {} : { warning: normalize(warning, namespace) }),
    ...(step.statusOnly === true ? {} : { body: normalize(shown, namespace) }),
  }
}

const at = (value: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((part, key) => (part as Json | undefined)?.[key], value)

/** Replaces `{{ns}}` and `{{step:path}}`, a value from an earlier answer. */
function fill(value: unknown, namespace: string, answers: ReadonlyMap<string, Answer>): unknown {
  const earlier = (step: string, path: string) => at(answers.get(step)?.body, path)
  if (typeof value === 'string') {
    const whole = /^\{\{([^{}:]+):([^{}]+)\}\}$/.exec(value)
    if (whole !== null) return earlier(whole[1] ?? '', whole[2] ?? '') ?? value
    return value.replaceAll(/\{\{([^{}:]+)(?::([^{}]+))?\}\}/g, (_, step: string, path?: string) =>
      path === undefined ? namespace : String(earlier(step, path)),
    )
  }
  if (Array.isArray(value)) return value.map((item) => fill(item, namespace, answers))
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [String(fill(key, namespace, answers)), fill(part, namespace, answers)]),
  )
}

interface CollectedWatch {
  readonly status: number
  collect(count: number): Promise<readonly unknown[]>
}

async function startWatch(connection: Connection, path: string): Promise<CollectedWatch> {
  const response = await connection.send({ method: 'GET', path, streaming: true })
  const events: unknown[] = []
  let rest = ''
  response.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) events.push(JSON.parse(line))
  })
  response.on('error', () => {})
  return {
    status: response.statusCode ?? 0,
    async collect(count) {
      for (let waited = 0; waited < PATIENCE_MS && events.length < count; waited += 10) await sleep(10)
      response.destroy()
      connection.close()
      return events
    },
  }
}
