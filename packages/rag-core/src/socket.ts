/** Socket of this person's service, and folder that it lies in; `NANITE_RAG_SOCKET` moves it, for tests. */
export const personSocket = (): string =>
  process.env['NANITE_RAG_SOCKET'] ??
  `${process.env['XDG_RUNTIME_DIR'] ?? `/run/user/${process.getuid?.() ?? 0}`}/nanite/rag.sock`;
