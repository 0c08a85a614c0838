import { formatTime } from '../../env/clock.ts'
import type { Environment } from '../../env/environment.ts'
import type { Exchange } from '../http/exchange.ts'
import type { RequestPath } from '../http/request-path.ts'
import type { AuditNotes } from './audit-notes.ts'
import type { UserInfo } from '../verbs/request.ts'
import { compilePolicy, METADATA } from './policy.ts'
import type { AuditPolicy, AuditStage } from './policy.ts'

/** Takes lines as they come; never blocks, and drops what it has no room for. */
export interface AuditSink {
  write(line: string): void
  close(): Promise<void>
}

/** Who asked for what, and what came of it: Kubernetes' audit events, one a line. */
export interface AuditLog {
  /** Decides what is recorded of a request, and records that it has come where that is wanted. */
  received(request: AuditedRequest): void
  record(stage: AuditStage, request: AuditedRequest): void
}

export interface AuditedRequest {
  readonly exchange: Exchange
  readonly path: RequestPath
  readonly verb: string
  /** Milliseconds since 1970, with fractions. */
  readonly receivedMs: number
}

/**
 * The events are put together from pieces that were encoded before: a request costs about a microsecond. Without a policy all are
 * recorded at level Metadata, when they are answered.
 */
export function createAuditLog(
  { clock }: Pick<Environment, 'clock'>,
  sink: AuditSink,
  policy: AuditPolicy | undefined,
): AuditLog {
  const ruleFor = policy === undefined ? () => METADATA : compilePolicy(policy)
  const users = new WeakMap<UserInfo, string>()
  const agents = new Map<string, string>()
  const userOf = (user: UserInfo): string => {
    let known = users.get(user)
    if (known === undefined) users.set(user, (known = encodeUser(user)))
    return known
  }
  const agentOf = (agent: string): string => {
    let known = agents.get(agent)
    if (known === undefined) {
      if (agents.size >= 1_000) agents.clear()
      agents.set(agent, (known = JSON.stringify(agent)))
    }
    return known
  }
  const record: AuditLog['record'] = (stage, { exchange, path, verb, receivedMs }) => {
    const { request, response, context, notes } = exchange
    const { rule, impersonator, sent, answer } = notes
    if (rule === undefined || rule.level === 'None' || rule.omitStages.has(stage)) return
    const { userAgent } = context
    const isAnswered = stage !== 'RequestReceived'
    sink.write(
      `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"${rule.level}","auditID":${JSON.stringify(notes.id)},"stage":"${stage}"` +
        `,"requestURI":${JSON.stringify(request.url ?? '')},"verb":"${verb}","user":${userOf(impersonator ?? context.user)}` +
        (impersonator === undefined ? '' : `,"impersonatedUser":${userOf(context.user)}`) +
        `,"sourceIPs":["${request.socket.remoteAddress ?? ''}"]` +
        (userAgent === undefined ? '' : `,"userAgent":${agentOf(userAgent)}`) +
        objectRef(path, sent) +
        (isAnswered ? responseStatus(notes, response.statusCode) : '') +
        (sent?.json === undefined ? '' : `,"requestObject":${sent.json}`) +
        (answer === undefined ? '' : `,"responseObject":${answer}`) +
        `,"requestReceivedTimestamp":"${microTime(receivedMs)}","stageTimestamp":"${microTime(clock.now())}"` +
        `${isAnswered ? annotations(notes) : ''}}\n`,
    )
  }
  return {
    received(request) {
      const { exchange, path, verb } = request
      exchange.notes.rule = ruleFor(exchange.notes.impersonator ?? exchange.context.user, verb, path)
      record('RequestReceived', request)
    },
    record,
  }
}

function encodeUser({ name, uid, groups, extra }: UserInfo): string {
  return JSON.stringify({ username: name, uid, groups, extra })
}

function responseStatus({ failure }: AuditNotes, code: number): string {
  if (failure === undefined) return `,"responseStatus":{"metadata":{},"code":${code}}`
  const { status, message, reason, details } = failure
  return `,"responseStatus":${JSON.stringify({ metadata: {}, status, message, reason, details, code })}`
}

/** Whoever was refused before authorization has no decision. */
function annotations({ decision, annotations: noted }: AuditNotes): string {
  if (decision === undefined && noted === undefined) return ''
  const all = {
    ...(decision !== undefined && {
      'authorization.k8s.io/decision': decision.allowed ? 'allow' : 'forbid',
      'authorization.k8s.io/reason': decision.reason ?? '',
    }),
    ...Object.fromEntries(noted ?? []),
  }
  return `,"annotations":${JSON.stringify(all)}`
}

/** What the path leaves open, such as the name of what is created, is as the object says. */
function objectRef(path: RequestPath, sent: AuditNotes['sent']): string {
  if ('other' in path) return ''
  const { plural, namespace, name, group, version, subresource } = path
  return `,"objectRef":${JSON.stringify({
    resource: plural,
    namespace: namespace ?? sent?.namespace,
    name: name ?? sent?.name,
    uid: sent?.uid,
    apiGroup: group === '' ? undefined : group,
    apiVersion: version,
    resourceVersion: sent?.resourceVersion,
    subresource,
  })}`
}

/** The seconds of the last time that was written, and its text up to them: most times are of the same second. */
let second = Number.NaN
let untilSecond = ''

/** RFC 3339 with microseconds, of which the clock gives but the first three digits. */
function microTime(ms: number): string {
  const whole = Math.floor(ms / 1000)
  if (whole !== second) {
    second = whole
    untilSecond = formatTime(whole * 1000).slice(0, -1)
  }
  return `${untilSecond}.${String(Math.floor(ms - whole * 1000)).padStart(3, '0')}000Z`
}
