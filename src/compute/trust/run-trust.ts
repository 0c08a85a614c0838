import type { Environment } from '../../env/environment.ts'
import { createAuthority } from '../../identity/authority.ts'
import type { KeyPair } from '../../identity/authority.ts'
import type { Trust } from '../wire/secure.ts'

/**
 * What the parts of one run show each other: an authority made for this run alone, and a certificate for each role. The
 * authority's own key is used here and forgotten: nobody joins the run later whom its driver has not let in.
 */
export interface RunTrust {
  readonly driver: Trust
  readonly coordinator: Trust
  readonly worker: Trust
}

export function createRunTrust(env: Environment, run: string): RunTrust {
  const authority = createAuthority(env, `shoal ${run}`)
  const trust = ({ certificate, key }: KeyPair): Trust => ({ authority: authority.certificate, certificate, key })
  return {
    driver: trust(authority.issueClient('driver')),
    coordinator: trust(authority.issuePeer('coordinator')),
    worker: trust(authority.issuePeer('worker')),
  }
}
