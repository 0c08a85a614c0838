import type { Pod } from '../../api/generated/core-v1.ts'
import { apiError } from '../../api/meta/status.ts'

/** The container that a request for a stream means: the one that it names, or the pod's only one. Throws a BadRequest. */
export function chooseContainer({ metadata, spec }: Pod, asked: string | undefined): string {
  const main = (spec?.containers ?? []).map((one) => one.name)
  const init = (spec?.initContainers ?? []).map((one) => one.name)
  const ephemeral = (spec?.ephemeralContainers ?? []).map((one) => one.name)
  const name = metadata.name ?? ''
  if (asked) {
    if ([...main, ...init, ...ephemeral].includes(asked)) return asked
    throw apiError('BadRequest', `container ${asked} is not valid for pod ${name}`)
  }
  const [only] = main
  if (only !== undefined && main.length === 1) return only
  if (only === undefined) throw apiError('BadRequest', `a container name must be specified for pod ${name}`)
  const others = init.length > 0 ? ` or one of the init containers: [${init.join(' ')}]` : ''
  const lists = `choose one of: [${main.join(' ')}]${others}`
  throw apiError('BadRequest', `a container name must be specified for pod ${name}, ${lists}`)
}
