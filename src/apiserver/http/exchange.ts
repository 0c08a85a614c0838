import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Upgrade } from '../../streams/upgrade.ts'
import type { AuditNotes } from '../audit/audit-notes.ts'
import type { RequestContext, UserInfo } from '../verbs/request.ts'
import type { Query } from './query-options.ts'

/** One request on its way through the server, and the response to it. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly query: Query
  readonly context: RequestContext
  readonly notes: AuditNotes
  /** Set where the client asks for another protocol on the connection, such as that of exec. */
  readonly upgrade?: Upgrade
  /** Texts for `Warning` headers, in the order in which they came up. */
  readonly warnings: readonly string[]
}

/** Warnings beyond these are dropped: headers have limits. */
const WARNING_LIMIT = 50

export function createExchange(
  request: IncomingMessage,
  response: ServerResponse,
  at: { readonly path: string; readonly query: Query; readonly upgrade?: Upgrade },
  user: UserInfo,
  notes: AuditNotes,
): Exchange {
  const warnings: string[] = []
  const warn = (text: string) => {
    if (warnings.length < WARNING_LIMIT && !warnings.includes(text)) warnings.push(text)
  }
  const userAgent = request.headers['user-agent']
  const context: RequestContext = { user, warn, notes, ...(userAgent === undefined ? {} : { userAgent }) }
  return { request, response, method: request.method ?? 'GET', ...at, context, notes, warnings }
}

/** Aborted when the client goes away before its answer is complete: for what streams or waits. */
export function abortSignalOf(response: ServerResponse): AbortSignal {
  const controller = new AbortController()
  response.once('close', () => controller.abort())
  return controller.signal
}
