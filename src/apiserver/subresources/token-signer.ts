import type { UserInfo } from '../verbs/request.ts'

/** What a service account token is bound to and for. */
export interface TokenClaims {
  readonly namespace: string
  readonly serviceAccount: { readonly name: string; readonly uid: string }
  readonly audiences: readonly string[]
  readonly expirationSeconds: number
  readonly boundObject?: {
    readonly kind: string
    readonly apiVersion: string
    readonly name: string
    readonly uid: string
  }
  readonly nodeName?: string
}

/** Signs and reads service account tokens, for `serviceaccounts/token` and TokenReview. */
export interface TokenSigner {
  readonly defaultAudiences: readonly string[]
  /** `expirationTimestamp` in RFC 3339. */
  sign(claims: TokenClaims): Promise<{ readonly token: string; readonly expirationTimestamp: string }>
  /** Whom `token` speaks for, for one of `audiences`; an error text where it does not hold. */
  review(
    token: string,
    audiences: readonly string[],
  ): Promise<
    | { readonly authenticated: true; readonly user: UserInfo; readonly audiences: readonly string[] }
    | { readonly authenticated: false; readonly error?: string }
  >
}
