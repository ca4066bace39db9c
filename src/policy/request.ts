/** What is asked of the policies. Source: IAM User Guide, "Request context". */

/** Who asks. `arn` is what a denial names. `sessionId` is the id of the session document: present with temporary credentials. */
export type Principal =
  | { readonly kind: "anonymous" }
  | { readonly kind: "root"; readonly accountId: string; readonly sessionId?: string }
  | {
      readonly kind: "user";
      readonly accountId: string;
      readonly arn: string;
      readonly userId: string;
      readonly userName: string;
      readonly sessionId?: string;
    }
  | {
      readonly kind: "assumed-role";
      readonly accountId: string;
      /** `arn:aws:sts::…:assumed-role/name/session`. */
      readonly arn: string;
      readonly roleArn: string;
      readonly roleId: string;
      readonly sessionName: string;
      readonly sessionId?: string;
    }
  | {
      /** Of GetFederationToken: may do what both its issuer and the session policies allow. */
      readonly kind: "federated-user";
      readonly accountId: string;
      /** `arn:aws:sts::…:federated-user/name`. */
      readonly arn: string;
      readonly name: string;
      /** The unique id of the user who asked for it; absent when it was the root user. */
      readonly issuerUserId?: string;
      readonly sessionId?: string;
    }
  /** An AWS service that acts for itself: `ec2.amazonaws.com`. */
  | { readonly kind: "service"; readonly service: string }
  /** Whom an identity provider vouches for, before there is a session: only trust policies meet it. `provider` as in `Federated`. */
  | { readonly kind: "web-identity"; readonly provider: string };

export interface PolicyRequest {
  readonly principal: Principal;
  /** Of the principal's account, where the service knows it: 64 hexadecimal digits. */
  readonly canonicalUserId?: string;
  /** `s3:GetObject`. */
  readonly action: string;
  /** An ARN, or `*` for an action without a resource. */
  readonly resource: string;
  /** The account that owns the resource; absent when nobody does (yet). */
  readonly resourceAccountId?: string;
  readonly context: RequestContext;
}

export interface RequestContext {
  /** Values by condition key in lower case (`aws:sourcevpce`); one or more each. */
  readonly values: ReadonlyMap<string, readonly string[]>;
  /** Why a key is absent, by key in lower case: `the request came through vpce-…`. Only for keys somebody could expect. */
  readonly absent: ReadonlyMap<string, string>;
}
