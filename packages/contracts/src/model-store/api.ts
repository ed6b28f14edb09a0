/**
 * The model store's API on /run/nanite/models.sock. Everybody may read; changing needs root, the group `nanite`, or
 * polkit's yes for org.nanite.models.change. The gateway names the user it acts for in {@link actingForHeader}.
 *
 *   GET    /v1/models                → StoredModelList
 *   GET    /v1/models/{name}         → ModelDetails       names are percent-encoded, slashes too
 *   DELETE /v1/models/{name}         → RemoveAnswer
 *   POST   /v1/pull      PullRequest   → ProgressEvent…
 *   POST   /v1/create    CreateRequest → ProgressEvent…
 *   POST   /v1/copy      CopyRequest   → StoredModel
 *   POST   /v1/modelfile ModelfileRequest → ParsedModelfile
 *   HEAD   /v1/blobs/{digest}        → 200 or 404
 *   POST   /v1/blobs/{digest}        → 201                the bytes as the body; 400 where they hash to another digest
 *   GET    /v1/jobs                  → JobList
 *   GET    /v1/jobs/{id}             → ProgressEvent…     of one that runs
 *   POST   /v1/jobs/{id} JobAction     → Job
 *   POST   /v1/verify    VerifyRequest → ProgressEvent…   the result is a VerifyReport
 *   POST   /v1/gc                    → GarbageReport
 *   GET    /v1/du                    → DiskUsage
 *   POST   /v1/pin       PinRequest    → StoredModel
 *   POST   /v1/fit       FitRequest    → FitAnswer
 *   GET    /v1/updates               → UpdateList         asks the sources
 *   POST   /v1/updates   UpdateRequest → ProgressEvent…
 *   POST   /v1/import    ImportRequest → ProgressEvent…
 *   POST   /v1/export    ExportRequest → ProgressEvent…
 *
 * Leaving a stream does not end its job. Errors are ApiError: `not-authorised` 403, `model-not-found` 404,
 * `bad-reference` 400, `refused-model` 422, `no-space` 507, `over-quota` 507, `model-pinned` 409, `from-package` 409,
 * `source-unreachable` 502, `unsupported` 501.
 */
export const modelStorePaths = {
  models: '/v1/models',
  pull: '/v1/pull',
  create: '/v1/create',
  copy: '/v1/copy',
  modelfile: '/v1/modelfile',
  blobs: '/v1/blobs',
  jobs: '/v1/jobs',
  verify: '/v1/verify',
  gc: '/v1/gc',
  du: '/v1/du',
  pin: '/v1/pin',
  fit: '/v1/fit',
  updates: '/v1/updates',
  import: '/v1/import',
  export: '/v1/export',
} as const;

/** User id that the gateway acts for; believed of the user nanite-gateway and of root only. */
export const actingForHeader = 'nanite-acting-for';
