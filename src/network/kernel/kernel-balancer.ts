import type { Environment } from '../../env/environment.ts'
import type { ServicePort } from '../services/service-port.ts'
import { changesOfRules, NO_RULES } from './ruleset.ts'
import type { Ruleset } from './ruleset.ts'
import { forgettingProbe, groundRules, rulesOfPort } from './service-rules.ts'
import type { RulePlace } from './service-rules.ts'

export interface KernelOptions {
  readonly env: Environment
  /** Performs a script of `nft`, all of it or nothing. */
  readonly rule: (script: string) => Promise<void>
  readonly place: RulePlace
  /** Where node ports are reached from pods. */
  readonly nodeAddresses: readonly string[]
}

/** Has the kernel balance what pods and host send to Services. */
export interface KernelBalancer {
  /** Replaces the ports of these Services, by key; resolves when the kernel has them. Calls must not overlap. */
  apply(changes: ReadonlyMap<string, readonly ServicePort[]>): Promise<void>
}

/** Only what changed is told to the kernel. After a refusal everything is told again, from the beginning. */
export function createKernelBalancer(options: KernelOptions): KernelBalancer {
  const { env, rule, place, nodeAddresses } = options
  const wanted = new Map<string, readonly ServicePort[]>()
  const numbers = new Map<string, number>()
  let present: Map<string, Ruleset> | undefined
  const claims = createClaims()
  let lastNumber = 0
  let forgets: boolean | undefined

  const rulesOf = (port: ServicePort) => {
    const number = numbers.get(port.id) ?? ++lastNumber
    numbers.set(port.id, number)
    return rulesOfPort(port, { number, nodeAddresses, forgets: forgets === true })
  }
  const scriptFor = (ids: ReadonlySet<string>, ports: ReadonlyMap<string, ServicePort>) => {
    const lines: string[] = []
    const next = new Map<string, Ruleset>()
    // What goes makes room first: a port of another Service may take its address.
    const order = [...ids].sort((a, b) => Number(ports.has(a)) - Number(ports.has(b)))
    for (const id of order) {
      const port = ports.get(id)
      const rules = claims.grant(id, port === undefined ? NO_RULES : rulesOf(port))
      const after = port === undefined ? NO_RULES : rules
      lines.push(...changesOfRules(place.table, present?.get(id) ?? NO_RULES, after))
      next.set(id, after)
    }
    return { lines, next }
  }
  const perform = async (ids: ReadonlySet<string>): Promise<void> => {
    const ports = new Map([...wanted.values()].flat().map((port) => [port.id, port]))
    const probe = () => rule(forgettingProbe(place).join('\n'))
    forgets ??= await probe().then(
      () => true,
      () => false,
    )
    const ground = present === undefined ? groundRules(place, forgets) : []
    const { lines, next } = scriptFor(present === undefined ? new Set(ports.keys()) : ids, ports)
    if (ground.length + lines.length === 0) return
    await rule([...ground, ...lines].join('\n'))
    present ??= new Map()
    for (const [id, rules] of next) {
      if (rules === NO_RULES) numbers.delete(id)
      if (rules === NO_RULES) present.delete(id)
      else present.set(id, rules)
    }
  }
  return {
    async apply(changes) {
      const ids = new Set<string>(claims.contested)
      for (const [key, ports] of changes) {
        for (const { id } of [...(wanted.get(key) ?? []), ...ports]) ids.add(id)
        if (ports.length > 0) wanted.set(key, ports)
        else wanted.delete(key)
      }
      try {
        await perform(ids)
      } catch (error) {
        env.log.warn('the rules of Services were refused; all of them are made anew', { error })
        present = undefined
        claims.clear()
        await perform(ids)
      }
    },
  }
}

/** Of several that want an address and port (external addresses are anybody's to name) the first has it. */
function createClaims() {
  const owners = new Map<string, string>()
  const contested = new Set<string>()
  return {
    /** Those that did not get all they wanted, and may now. */
    contested: contested as ReadonlySet<string>,
    clear: () => owners.clear(),
    /** The rules without what belongs to others. What `id` had before and wants no more is free then. */
    grant(id: string, rules: Ruleset): Ruleset {
      for (const [key, owner] of owners) if (owner === id) owners.delete(key)
      contested.delete(id)
      const isGranted = (key: string) => {
        if (!owners.has(key)) owners.set(key, id)
        if (owners.get(key) !== id) contested.add(id)
        return owners.get(key) === id
      }
      const own = (elements: ReadonlyMap<string, string>) => new Map([...elements].filter(([key]) => isGranted(key)))
      return { ...rules, elements: new Map([...rules.elements].map(([set, elements]) => [set, own(elements)])) }
    },
  }
}
