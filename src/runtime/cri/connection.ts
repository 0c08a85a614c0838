import { fileURLToPath } from 'node:url'
import type { Client, ClientReadableStream, ServiceError } from '@grpc/grpc-js'
import type { Clock } from '../../env/clock.ts'
import { NoSuchEvents } from '../engine/watching.ts'
import type { CriCalls } from './messages.ts'

/** Calls to a container engine over its socket. The connection is made anew whenever the engine has been away. */
export interface CriConnection {
  call<M extends keyof CriCalls>(
    method: M,
    request: CriCalls[M]['request'],
    options?: CallOptions,
  ): Promise<CriCalls[M]['response']>
  /**
   * Opens the engine's stream of events: the CRI's own where `source` is `cri`, containerd's where it is `containerd`.
   * Which id each event is about comes with it; the stream ends or fails when the engine goes away. Fails with
   * {@link NoSuchEvents} where the engine has none.
   */
  events(source: EventSource, signal: AbortSignal): AsyncIterable<string>
  close(): void
}

export type EventSource = 'containerd' | 'cri'

export interface CallOptions {
  readonly signal?: AbortSignal
  /** How long the engine may take, in milliseconds. Default two minutes, as the kubelet's. */
  readonly timeoutMs?: number
}

/** What the engine refused or could not do. `code` is gRPC's name for it, such as `NotFound`. */
export class CriError extends Error {
  override readonly name = 'CriError'
  readonly code: string
  /** What the engine said, without gRPC's words around it. */
  readonly detail: string
  constructor(code: string, detail: string, options?: ErrorOptions) {
    super(`rpc error: code = ${code} desc = ${detail}`, options)
    this.code = code
    this.detail = detail
  }
}

const TIMEOUT_MS = 120_000
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024
const IMAGE_CALLS: ReadonlySet<string> = new Set(['ImageStatus', 'PullImage', 'RemoveImage'])

/** Loads gRPC, about a tenth of a second, and connects to `endpoint`: the path of a socket, or `unix:///path`. */
export async function connectCri(clock: Clock, endpoint: string): Promise<CriConnection> {
  const [grpc, loader] = await Promise.all([import('@grpc/grpc-js'), import('@grpc/proto-loader')])
  const read = (name: string) =>
    grpc.loadPackageDefinition(
      loader.loadSync(fileURLToPath(new URL(name, import.meta.url)), { longs: Number, enums: String, defaults: true }),
    )
  const address = endpoint.startsWith('unix:') ? endpoint : `unix://${endpoint}`
  const open = (service: unknown): Client => {
    const Service = service as new (...args: ConstructorParameters<typeof grpc.Client>) => Client
    return new Service(address, grpc.credentials.createInsecure(), {
      'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
      'grpc.max_reconnect_backoff_ms': 1000,
      'grpc.initial_reconnect_backoff_ms': 100,
      // Engines of several tests in one process are told apart by their sockets alone.
      'grpc.use_local_subchannel_pool': 1,
    })
  }
  const cri = read('runtime-v1.proto')
  const engine = read('containerd-events.proto')
  const runtimeService = open(find(cri, 'runtime.v1.RuntimeService'))
  const imageService = open(find(cri, 'runtime.v1.ImageService'))
  const eventService = open(find(engine, 'containerd.services.events.v1.Events'))
  const nameOf = (code: number) => goName(grpc.status[code] ?? 'UNKNOWN')
  const failure = (error: ServiceError) => new CriError(nameOf(error.code), error.details, { cause: error })
  return {
    call: (method, request, options = {}) =>
      unary(
        IMAGE_CALLS.has(method) ? imageService : runtimeService,
        method,
        request,
        { ...options, deadline: clock.now() + (options.timeoutMs ?? TIMEOUT_MS) },
        failure,
      ),
    events: (source, signal) =>
      source === 'cri' ? criEvents(runtimeService, signal, failure) : containerdEvents(eventService, signal, failure),
    close() {
      for (const client of [runtimeService, imageService, eventService]) client.close()
    },
  }
}

function find(root: unknown, name: string): unknown {
  return name.split('.').reduce((at, part) => (at as Record<string, unknown>)[part], root)
}

/** `NOT_FOUND` as Go writes it: `NotFound`. */
function goName(code: string): string {
  const words = code.toLowerCase().split('_')
  return words.map((word) => (word === 'ok' ? 'OK' : word.slice(0, 1).toUpperCase() + word.slice(1))).join('')
}

type Method = (
  request: unknown,
  options: object,
  done: (error: ServiceError | null, response: unknown) => void,
) => {
  cancel(): void
}

function unary<M extends keyof CriCalls>(
  client: Client,
  method: M,
  request: CriCalls[M]['request'],
  { signal, deadline }: CallOptions & { readonly deadline: number },
  failure: (error: ServiceError) => CriError,
): Promise<CriCalls[M]['response']> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new CriError('Canceled', 'context canceled'))
    const call = (client as unknown as Record<string, Method>)[method] as Method
    const cancel = () => running.cancel()
    const running = call.call(client, request, { deadline }, (error, response) => {
      signal?.removeEventListener('abort', cancel)
      if (error) reject(failure(error))
      else resolve(response as CriCalls[M]['response'])
    })
    signal?.addEventListener('abort', cancel, { once: true })
  })
}

type Streaming = (request: unknown) => ClientReadableStream<unknown>

async function* criEvents(
  client: Client,
  signal: AbortSignal,
  failure: (error: ServiceError) => CriError,
): AsyncIterable<string> {
  const open = (client as unknown as Record<string, Streaming>)['GetContainerEvents'] as Streaming
  for await (const event of read(open.call(client, {}), signal, failure)) {
    yield (event as { readonly containerId: string }).containerId
  }
}

/** What containerd calls pods' containers. */
const FILTER = 'namespace=="k8s.io",topic~="/tasks/(exit|oom)"'

async function* containerdEvents(
  client: Client,
  signal: AbortSignal,
  failure: (error: ServiceError) => CriError,
): AsyncIterable<string> {
  const open = (client as unknown as Record<string, Streaming>)['Subscribe'] as Streaming
  for await (const envelope of read(open.call(client, { filters: [FILTER] }), signal, failure)) {
    const { event } = envelope as { readonly event: { readonly value: Buffer } | null }
    const id = event === null ? '' : firstText(event.value)
    if (id !== '') yield id
  }
}

/** The first field of each of containerd's task events: the container's id. */
function firstText(message: Buffer): string {
  const length = message[1] ?? 0
  return message[0] === 0x0a && length < 128 ? message.toString('utf8', 2, 2 + length) : ''
}

async function* read(
  stream: ClientReadableStream<unknown>,
  signal: AbortSignal,
  failure: (error: ServiceError) => CriError,
): AsyncIterable<unknown> {
  const cancel = () => stream.cancel()
  signal.addEventListener('abort', cancel, { once: true })
  try {
    for await (const message of stream) yield message
  } catch (error) {
    if (signal.aborted) return
    const { code, message } = failure(error as ServiceError)
    throw code === 'Unimplemented' ? new NoSuchEvents(message) : failure(error as ServiceError)
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}
