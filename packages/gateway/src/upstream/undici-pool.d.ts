/** undici's pool without the rest of undici: all of it takes a third of the gateway's start. */
declare module 'undici/lib/dispatcher/pool.js' {
  import { Pool } from 'undici';
  export default Pool;
}
