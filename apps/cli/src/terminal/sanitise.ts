/**
 * Take control characters out of text that a model wrote before a terminal sees it: a prompt hidden in a file must not
 * be able to set the window's title or the clipboard (OSC 52), or to write over what stands on the screen. New line
 * and tab stay. A pipe or a file gets the text as it is.
 */
export function sanitise(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '');
}
