import { X509Certificate } from 'node:crypto'
import type { CertificateSigningRequest } from '../../api/generated/certificates-v1.ts'
import { certificateSigningRequests } from '../../api/generated/resources.ts'
import { keyOf } from '../../api/object.ts'
import type { Controller, Decision } from '../../reconcile/reconciler.ts'
import { SETTLED } from '../../reconcile/reconciler.ts'
import { changesOf } from '../../reconcile/source.ts'

const HOUR_MS = 3_600_000
/** How long a request is kept that was answered, denied or failed, and one that nobody has looked at. */
const DECIDED_MS = HOUR_MS
const PENDING_MS = 24 * HOUR_MS

/** Removes requests for certificates that are of no use any more. Kubernetes' `csrcleaner`, which looks once an hour. */
export const certificateCleaner: Controller = {
  name: 'csrcleaner',
  account: 'certificate-controller',
  build(context) {
    const informer = context.informer(certificateSigningRequests)
    return {
      sources: [changesOf(informer)],
      reconcile: (key, nowMs) => decideCleaning(informer.getByKey(key), nowMs),
    }
  },
}

export function decideCleaning(request: CertificateSigningRequest | undefined, nowMs: number): Decision {
  if (request === undefined || request.metadata.deletionTimestamp !== undefined) return SETTLED
  const untilMs = Math.min(...deadlinesOf(request))
  if (untilMs === Infinity) return SETTLED
  if (untilMs >= nowMs) return { changes: [], requeueAfterMs: untilMs - nowMs + 1 }
  const uid = request.metadata.uid ?? ''
  return { changes: [{ verb: 'delete', type: certificateSigningRequests, key: keyOf(request), uid }] }
}

/** A request that was approved and has no certificate is never too old: its signer may come yet. */
function deadlinesOf({ metadata, status }: CertificateSigningRequest): readonly number[] {
  const { conditions = [], certificate = '' } = status ?? {}
  if (conditions.length === 0) return [Date.parse(metadata.creationTimestamp ?? '') + PENDING_MS]
  return conditions.flatMap(({ type, lastUpdateTime }) => {
    const since = lastUpdateTime === undefined ? [] : [Date.parse(lastUpdateTime) + DECIDED_MS]
    if (type === 'Denied' || type === 'Failed') return since
    return type === 'Approved' && certificate !== '' ? [...since, ...expiryOf(certificate)] : []
  })
}

function expiryOf(certificate: string): readonly number[] {
  try {
    return [Date.parse(new X509Certificate(Buffer.from(certificate, 'base64')).validTo)]
  } catch {
    return []
  }
}
