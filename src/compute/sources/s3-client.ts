import type { S3mini } from 's3mini'
import { ComputeError } from '../errors.ts'
import type { S3Options } from './files-source.ts'
import { refuseLoopback } from './reachable.ts'
import type { Reachable } from './reachable.ts'

/** A bucket, and a key or the beginning of keys in it. */
export interface S3Place {
  readonly bucket: string
  readonly key: string
}

export function parseS3(uri: string): S3Place {
  const [, bucket = '', key = ''] = /^s3:\/\/([^/]+)\/?(.*)$/i.exec(uri) ?? []
  if (bucket === '') {
    throw new ComputeError('SHOAL_UNREACHABLE', `Cannot reach "${uri}": it names no bucket, expected s3://BUCKET/KEY`)
  }
  return { bucket, key }
}

/** Signed addresses are good for so long: a run that takes longer than this between submission and reading fails. */
export const SIGNED_SECONDS = 12 * 60 * 60

/**
 * A client of one bucket, for the driver alone: workers are handed signed addresses and no credentials. What `options` leaves out is
 * taken from the variables that Amazon's own programs read. Refuses where there are no credentials.
 */
export async function openBucket(
  uri: string,
  bucket: string,
  options: S3Options,
  reachable: Reachable,
): Promise<S3mini> {
  const { env } = process
  const region = options.region ?? env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'] ?? 'us-east-1'
  const endpoint =
    options.endpoint ?? env['AWS_ENDPOINT_URL_S3'] ?? env['AWS_ENDPOINT_URL'] ?? `https://s3.${region}.amazonaws.com`
  refuseLoopback(uri, endpoint, reachable)
  const accessKeyId = options.accessKeyId ?? env['AWS_ACCESS_KEY_ID']
  const secretAccessKey = options.secretAccessKey ?? env['AWS_SECRET_ACCESS_KEY']
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    const hint = 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or pass { s3: { accessKeyId, secretAccessKey } }'
    throw new ComputeError('SHOAL_UNREACHABLE', `Cannot reach "${uri}": there are no credentials`, { hint })
  }
  const { S3mini: Client } = await import('s3mini')
  return new Client({ accessKeyId, secretAccessKey, region, endpoint: `${endpoint.replace(/\/$/, '')}/${bucket}` })
}

/** What the server says no to becomes an error that names the URI. */
export async function reaching<R>(uri: string, work: () => Promise<R>): Promise<R> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof ComputeError) throw cause
    const message = `Cannot reach "${uri}": ${(cause as Error).message}`
    throw new ComputeError('SHOAL_UNREACHABLE', message, { cause, facts: { uri } })
  }
}
