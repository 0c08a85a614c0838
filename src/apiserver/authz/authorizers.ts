import type { PolicyRule } from '../../api/generated/rbac-v1.ts'
import type { Store } from '../../store/store.ts'
import type { Authorizer, Rules } from '../verbs/authorizer.ts'
import { BOOTSTRAP_POLICY } from '../generated/bootstrap-policy.ts'
import { createNodeAuthorizer } from './node/authorizer.ts'
import { createRbacAuthorizer } from './rbac.ts'

/** What decides in a cluster, as `--authorization-mode=Node,RBAC` does: nodes by what their pods need, everybody by the roles. */
export function createAuthorizers(store: Store): Authorizer & Disposable {
  const all = [createNodeAuthorizer(store, nodeRules()), createRbacAuthorizer(store)]
  return {
    authorize(attributes) {
      const reasons: string[] = []
      for (const each of all) {
        const decision = each.authorize(attributes)
        if (decision.allowed) return decision
        if (decision.reason) reasons.push(decision.reason)
      }
      return reasons.length === 0 ? { allowed: false } : { allowed: false, reason: reasons.join('\n') }
    },
    rulesFor: (user, namespace) => all.map((each) => each.rulesFor(user, namespace)).reduce(both),
    [Symbol.dispose]: () => all.forEach((each) => each[Symbol.dispose]()),
  }
}

function both(a: Rules, b: Rules): Rules {
  const errors = [a.evaluationError, b.evaluationError].filter((error) => error !== undefined)
  return {
    resourceRules: [...a.resourceRules, ...b.resourceRules],
    nonResourceRules: [...a.nonResourceRules, ...b.nonResourceRules],
    incomplete: a.incomplete || b.incomplete,
    ...(errors.length > 0 && { evaluationError: errors.join(', ') }),
  }
}

/** The rules that Kubernetes' node authorizer has built in are those of the role that it makes for nodes. */
function nodeRules(): readonly PolicyRule[] {
  const line = BOOTSTRAP_POLICY.find((each) => each.includes('"name":"system:node"') && each.includes('"clusterroles"'))
  if (line === undefined) throw new Error(`no role system:node among ${BOOTSTRAP_POLICY.length} bootstrap objects`)
  return (JSON.parse(line) as { readonly rules: readonly PolicyRule[] }).rules
}
