import { readFile } from 'node:fs/promises'
import type { AuditSink } from '../apiserver/audit/audit-log.ts'
import type { AuditPolicy } from '../apiserver/audit/policy.ts'
import type { Environment } from '../env/environment.ts'
import type { AuditOptions } from './audit-options.ts'
import { ClusterError } from './cluster-error.ts'

export interface OpenAudit {
  readonly sink: AuditSink
  readonly policy: AuditPolicy | undefined
}

/** Rejects with a {@link ClusterError} where the log cannot be written or the policy is none. */
export async function openAudit(
  env: Environment,
  options: AuditOptions & { readonly log: string },
): Promise<OpenAudit> {
  const { log, policyFile, maxBytes, backups } = options
  const policy = policyFile === undefined ? undefined : await readPolicy(env, policyFile)
  const { openAuditFile } = await import('../apiserver/audit/audit-file.ts')
  try {
    const limits = { ...(maxBytes !== undefined && { maxBytes }), ...(backups !== undefined && { backups }) }
    return { sink: await openAuditFile(log, env, limits), policy }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const message = `Cannot write "${log}" as audit log: ${code}, expected a file that this user may write`
    throw new ClusterError('CLUSTER_DATA_UNUSABLE', message, 'name another with --audit-log', { cause: error })
  }
}

async function readPolicy(env: Environment, path: string): Promise<AuditPolicy> {
  const { AuditPolicyError, readAuditPolicy } = await import('../apiserver/audit/read-policy.ts')
  const warn = (field: string) =>
    env.log.warn('A field of the audit policy is not known and does nothing', { path, field })
  const hint = 'correct the file that --audit-policy-file names, or leave it out to record everything at level Metadata'
  try {
    return readAuditPolicy(await readFile(path, 'utf8'), warn)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (!(cause instanceof AuditPolicyError) && code === undefined) throw cause
    const found = cause instanceof AuditPolicyError ? cause.message : String(code)
    const wanted = cause instanceof AuditPolicyError ? 'a Policy of audit.k8s.io/v1' : 'a file that this user may read'
    throw new ClusterError(
      'CLUSTER_OPTION',
      `Cannot read "${path}" as audit policy: ${found}, expected ${wanted}`,
      hint,
      {
        cause,
      },
    )
  }
}
