export { openDatabase, type Database, type Opened } from './store';
