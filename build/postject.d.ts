/** What is used of postject, which ships no types. */
declare module 'postject' {
  export function inject(
    file: string,
    resourceName: string,
    content: Uint8Array,
    options: { sentinelFuse: string },
  ): Promise<void>;
}
