/** Addresses of nanite-rag's API. */
export const knowledgePaths = {
  status: '/v1/status',
  collections: '/v1/collections',
  search: '/v1/search',
  ask: '/v1/ask',
  passages: '/v1/passages',
  import: '/v1/import',
} as const;
