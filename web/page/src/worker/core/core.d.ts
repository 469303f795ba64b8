/* tslint:disable */
/* eslint-disable */

/**
 * The key of the database, and the header that guards it.
 */
export class Key {
    private constructor();
    free(): void;
    [Symbol.dispose](): void;
    /**
     * What is to be kept before anything is written.
     */
    header(): Uint8Array;
    /**
     * A fresh one. Without a passphrase, what opens it is a secret that the script keeps.
     */
    static make(passphrase?: string | null): Key;
    /**
     * Opens the header with the passphrase, or with the secret that was kept.
     */
    static read(header: Uint8Array | number[], passphrase?: string | null, kept?: Uint8Array | number[] | null): Key;
    /**
     * Another key, and a header with both that `to` opens.
     */
    static replace(header: Uint8Array | number[], from?: string | null, kept?: Uint8Array | number[] | null, to?: string | null): Key;
    /**
     * What is to be kept beside it, where there is no passphrase.
     */
    secret(): Uint8Array | undefined;
    /**
     * The header without the key before: the database is under the current one.
     */
    settled(): Uint8Array;
}

/**
 * The files of this origin; one Worker has them.
 */
export class Pool {
    private constructor();
    free(): void;
    [Symbol.dispose](): void;
    /**
     * Empties the files; no profile may be open.
     */
    clear(): void;
    /**
     * Takes the files over, and promises a `Pool`; throws a text where another Worker has them.
     */
    static install(): Promise<any>;
}

/**
 * One profile at work.
 */
export class Profile {
    private constructor();
    free(): void;
    [Symbol.dispose](): void;
    /**
     * A `Command`; the answer is `Event[]`.
     */
    command(command: string, now: number): string;
    /**
     * A look's ask with its name as `look`; the answer is that of `Looks`.
     */
    look(look: string): string;
    /**
     * Opens or makes the database.
     */
    static open(key: Key, now: number): Profile;
    /**
     * A door is open.
     */
    opened(name: string, now: number): void;
    /**
     * The next thing to do.
     */
    poll(): Work | undefined;
    /**
     * Encrypts the database anew.
     */
    rekey(key: Key): void;
    /**
     * A door is shut.
     */
    shut(name: string, now: number): void;
    /**
     * The moment of `wakeAt` has come.
     */
    tick(now: number): void;
    /**
     * A frame came by a door.
     */
    told(name: string, frame: Uint8Array | number[], now: number): void;
    /**
     * When to tick, if nothing happens before.
     */
    wakeAt(): number;
}

/**
 * One thing to do: a frame to send, a door to open anew, an event or a fault to tell.
 */
export class Work {
    private constructor();
    free(): void;
    [Symbol.dispose](): void;
    /**
     * A `Fault` of the disk for the page.
     */
    readonly disk: string | undefined;
    /**
     * Through which door, where it is of one.
     */
    readonly door: string | undefined;
    /**
     * An `Event` for the page.
     */
    readonly event: string | undefined;
    /**
     * What to send; without one, a door is opened anew.
     */
    readonly frame: Uint8Array | undefined;
    /**
     * Whether the server answers it.
     */
    readonly isAnswered: boolean;
}

export type InitInput = RequestInfo | URL | Response | BufferSource | WebAssembly.Module;

export interface InitOutput {
    readonly memory: WebAssembly.Memory;
    readonly __wbg_key_free: (a: number, b: number) => void;
    readonly __wbg_pool_free: (a: number, b: number) => void;
    readonly __wbg_profile_free: (a: number, b: number) => void;
    readonly __wbg_work_free: (a: number, b: number) => void;
    readonly key_header: (a: number) => [number, number];
    readonly key_make: (a: number, b: number) => [number, number, number];
    readonly key_read: (a: number, b: number, c: number, d: number, e: number, f: number) => [number, number, number];
    readonly key_replace: (a: number, b: number, c: number, d: number, e: number, f: number, g: number, h: number) => [number, number, number];
    readonly key_secret: (a: number) => [number, number];
    readonly key_settled: (a: number) => [number, number, number, number];
    readonly pool_clear: (a: number) => [number, number];
    readonly pool_install: () => any;
    readonly profile_command: (a: number, b: number, c: number, d: number) => [number, number, number, number];
    readonly profile_look: (a: number, b: number, c: number) => [number, number, number, number];
    readonly profile_open: (a: number, b: number) => [number, number, number];
    readonly profile_opened: (a: number, b: number, c: number, d: number) => [number, number];
    readonly profile_poll: (a: number) => number;
    readonly profile_rekey: (a: number, b: number) => [number, number];
    readonly profile_shut: (a: number, b: number, c: number, d: number) => [number, number];
    readonly profile_tick: (a: number, b: number) => void;
    readonly profile_told: (a: number, b: number, c: number, d: number, e: number, f: number) => [number, number];
    readonly profile_wakeAt: (a: number) => number;
    readonly work_disk: (a: number) => [number, number];
    readonly work_door: (a: number) => [number, number];
    readonly work_event: (a: number) => [number, number];
    readonly work_frame: (a: number) => [number, number];
    readonly work_isAnswered: (a: number) => number;
    readonly rust_sqlite_wasm_host_sleep: (a: bigint, b: number) => void;
    readonly rust_sqlite_wasm_host_random: (a: number, b: number) => number;
    readonly rust_sqlite_wasm_host_epoch_timestamp_in_ms: (a: number) => number;
    readonly rust_sqlite_wasm_abort: () => void;
    readonly rust_sqlite_wasm_assert_fail: (a: number, b: number, c: number, d: number) => void;
    readonly rust_sqlite_wasm_calloc: (a: number, b: number) => number;
    readonly rust_sqlite_wasm_malloc: (a: number) => number;
    readonly rust_sqlite_wasm_free: (a: number) => void;
    readonly rust_sqlite_wasm_getentropy: (a: number, b: number) => number;
    readonly rust_sqlite_wasm_host_fill_entropy: (a: number, b: number) => number;
    readonly rust_sqlite_wasm_host_localtime: (a: bigint, b: number) => number;
    readonly rust_sqlite_wasm_localtime: (a: number) => number;
    readonly rust_sqlite_wasm_realloc: (a: number, b: number) => number;
    readonly sqlite3_os_end: () => number;
    readonly sqlite3_os_init: () => number;
    readonly wasm_bindgen__convert__closures_____invoke__h8f0eb3a1a6f87c79: (a: number, b: number, c: any) => [number, number];
    readonly wasm_bindgen__convert__closures_____invoke__ha1a152740d4c6c89: (a: number, b: number, c: any, d: any) => void;
    readonly __wbindgen_malloc: (a: number, b: number) => number;
    readonly __wbindgen_realloc: (a: number, b: number, c: number, d: number) => number;
    readonly __wbindgen_free: (a: number, b: number, c: number) => void;
    readonly __wbindgen_exn_store: (a: number) => void;
    readonly __externref_table_alloc: () => number;
    readonly __wbindgen_externrefs: WebAssembly.Table;
    readonly __wbindgen_destroy_closure: (a: number, b: number) => void;
    readonly __externref_table_dealloc: (a: number) => void;
    readonly __wbindgen_start: () => void;
}

export type SyncInitInput = BufferSource | WebAssembly.Module;

/**
 * Instantiates the given `module`, which can either be bytes or
 * a precompiled `WebAssembly.Module`.
 *
 * @param {{ module: SyncInitInput }} module - Passing `SyncInitInput` directly is deprecated.
 *
 * @returns {InitOutput}
 */
export function initSync(module: { module: SyncInitInput } | SyncInitInput): InitOutput;

/**
 * If `module_or_path` is {RequestInfo} or {URL}, makes a request and
 * for everything else, calls `WebAssembly.instantiate` directly.
 *
 * @param {{ module_or_path: InitInput | Promise<InitInput> }} module_or_path - Passing `InitInput` directly is deprecated.
 *
 * @returns {Promise<InitOutput>}
 */
export default function __wbg_init (module_or_path: { module_or_path: InitInput | Promise<InitInput> } | InitInput | Promise<InitInput>): Promise<InitOutput>;
