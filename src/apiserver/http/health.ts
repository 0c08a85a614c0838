/** One thing that must be well; `check` throws, or rejects, with what is wrong. */
export interface HealthCheck {
  readonly name: string
  check(): void | Promise<void>
}

/** Which checks each endpoint makes: alive is less than ready. */
export interface HealthChecks {
  readonly live: readonly HealthCheck[]
  readonly ready: readonly HealthCheck[]
}

export interface HealthAnswer {
  readonly code: number
  readonly text: string
}

/**
 * Answers `/healthz`, `/livez` and `/readyz`, each check also at a path of its own such as `/readyz/store`, in
 * Kubernetes' words. `verbose` lists the checks; a failure always does.
 */
export async function answerHealth(
  endpoint: string,
  checks: readonly HealthCheck[],
  options: { readonly verbose: boolean; readonly exclude: readonly string[] },
): Promise<HealthAnswer> {
  const lines: string[] = []
  let healthy = true
  for (const each of checks) {
    const result = options.exclude.includes(each.name) ? 'excluded: ok' : await outcome(each)
    healthy &&= result !== undefined
    lines.push(`[${result === undefined ? '-' : '+'}]${each.name} ${result ?? 'failed: reason withheld'}`)
  }
  if (!healthy) return { code: 500, text: `${lines.join('\n')}\n${endpoint} check failed\n` }
  return { code: 200, text: options.verbose ? `${lines.join('\n')}\n${endpoint} check passed\n` : 'ok' }
}

async function outcome(each: HealthCheck): Promise<string | undefined> {
  try {
    await each.check()
    return 'ok'
  } catch {
    return undefined
  }
}
