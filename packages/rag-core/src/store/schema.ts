/**
 * The tables, as steps: a database remembers in user_version how many it has seen. A step that was released is never
 * changed; a change is a new step.
 *
 * Paths are bytes (BLOB), for Linux allows file names that are not UTF-8. Times in nanoseconds are text, for a number in
 * JavaScript cannot hold them. An id is never used twice (AUTOINCREMENT): the vectors live elsewhere and know chunks by
 * their id.
 */
export const steps: readonly string[] = [
  `
  CREATE TABLE collections (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    options TEXT NOT NULL,                 -- JSON: CollectionOptions of walk/
    paused INTEGER NOT NULL DEFAULT 0,
    created TEXT NOT NULL                  -- ISO 8601
  );

  CREATE TABLE roots (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    collection INTEGER NOT NULL REFERENCES collections ON DELETE CASCADE,
    path BLOB NOT NULL,                    -- absolute, links resolved
    UNIQUE (collection, path)
  );

  -- Every file that belongs to a collection and was looked at.
  CREATE TABLE files (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    root INTEGER NOT NULL REFERENCES roots ON DELETE CASCADE,
    collection INTEGER NOT NULL REFERENCES collections ON DELETE CASCADE,
    path BLOB NOT NULL,                    -- absolute
    folder BLOB NOT NULL,                  -- the path of the folder that it lies in
    identity TEXT NOT NULL,                -- device:inode:size:mtime in ns; stays when the file is renamed
    ctime TEXT NOT NULL,                   -- ns; with identity: equal means unchanged
    size INTEGER NOT NULL,                 -- bytes
    modified INTEGER NOT NULL,             -- ms since 1970
    hash TEXT,                             -- sha256 of the content, hexadecimal; null where it was not read
    type TEXT,                             -- FileType; null where nobody can read it
    title TEXT,
    language TEXT,
    -- 'indexed'; 'aside': could not be read, with the reason; 'named': nothing here reads it, found by name only
    state TEXT NOT NULL CHECK (state IN ('indexed', 'aside', 'named')),
    reason_code TEXT,
    reason TEXT,
    warnings TEXT NOT NULL DEFAULT '[]',   -- JSON: what of an indexed file could not be read
    indexed TEXT NOT NULL,                 -- ISO 8601
    UNIQUE (root, path)
  );
  CREATE INDEX files_by_folder ON files (root, folder);
  CREATE INDEX files_by_collection ON files (collection, modified);
  CREATE INDEX files_by_hash ON files (hash);
  CREATE INDEX files_by_path ON files (path);

  CREATE TABLE chunks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    file INTEGER NOT NULL REFERENCES files ON DELETE CASCADE,
    collection INTEGER NOT NULL,           -- that of the file
    ordinal INTEGER NOT NULL,
    text TEXT NOT NULL,
    headings TEXT NOT NULL,                -- JSON: string[]
    place TEXT NOT NULL,                   -- JSON: Place
    bytes_from INTEGER,
    bytes_to INTEGER,
    kind TEXT NOT NULL,
    symbol TEXT,
    hash TEXT NOT NULL,                    -- sha256 of the normalised text
    vector INTEGER NOT NULL DEFAULT 0,     -- 0: wanted, 1: held by Chroma
    UNIQUE (file, ordinal)
  );
  CREATE INDEX chunks_without_vector ON chunks (id) WHERE vector = 0;
  CREATE INDEX chunks_by_collection ON chunks (collection);
  CREATE INDEX chunks_by_hash ON chunks (hash);

  -- Chunks that are gone from here but not yet from Chroma.
  CREATE TABLE vectors_gone (chunk INTEGER PRIMARY KEY, collection INTEGER NOT NULL);

  -- The words; the text itself stays in chunks, so nothing is stored twice. rowid is the chunk's id.
  CREATE VIRTUAL TABLE chunks_fts USING fts5 (
    title, headings, body,
    content = '', contentless_delete = 1,
    tokenize = 'porter unicode61 remove_diacritics 2'
  );
  CREATE TRIGGER chunk_added AFTER INSERT ON chunks BEGIN
    INSERT INTO chunks_fts (rowid, title, headings, body)
      VALUES (new.id, (SELECT title FROM files WHERE id = new.file), new.headings, new.text);
  END;
  CREATE TRIGGER chunk_removed AFTER DELETE ON chunks BEGIN
    DELETE FROM chunks_fts WHERE rowid = old.id;
    INSERT OR IGNORE INTO vectors_gone SELECT old.id, old.collection WHERE old.vector = 1;
  END;

  -- Parts of names, for search while a person types. rowid is the file's id. The writer fills it, for names are bytes.
  CREATE VIRTUAL TABLE names_fts USING fts5 (
    name, title, content = '', contentless_delete = 1, tokenize = 'trigram remove_diacritics 1'
  );
  CREATE TRIGGER file_removed AFTER DELETE ON files BEGIN
    DELETE FROM names_fts WHERE rowid = old.id;
  END;

  -- What is known about the index as a whole, such as which model made the vectors.
  CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
  `,
  `
  -- The vectors themselves: what Chroma holds is made from these. Rows outlive their chunk until there is nothing else to
  -- do (vectors/keeper.ts), so that a file that changed gets those of its unchanged passages back.
  CREATE TABLE vectors (
    chunk INTEGER PRIMARY KEY,
    text BLOB NOT NULL,                    -- first 16 bytes of the sha256 of the text that was embedded
    vector BLOB NOT NULL                   -- 32-bit floats, little-endian, of length 1
  );
  CREATE INDEX vectors_by_text ON vectors (text);

  -- In how many chunks a word stands.
  CREATE VIRTUAL TABLE chunks_words USING fts5vocab (chunks_fts, row);
  `,
  `
  -- Vectors that an import brought, until the texts are found that they are of. See exchange/.
  CREATE TABLE vectors_brought (
    text BLOB PRIMARY KEY,                 -- as in vectors
    vector BLOB NOT NULL,
    brought INTEGER NOT NULL               -- ms since 1970
  );
  `,
];
