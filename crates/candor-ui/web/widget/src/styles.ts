const CSS = `
:host{display:inline-block;position:relative;color:inherit;font:inherit;color-scheme:light dark}
.row{display:flex;align-items:center;gap:.25rem;min-height:2.25rem}
button{font:inherit;cursor:pointer}
button:disabled{opacity:.4;cursor:default}
.thumb{display:grid;place-items:center;width:2.25rem;height:2.25rem;padding:0;border:1px solid transparent;border-radius:.5rem;background:none;color:inherit}
.thumb:hover:enabled{background:color-mix(in srgb,currentColor 12%,transparent)}
.thumb[aria-pressed=true]{border-color:currentColor;color:light-dark(#14733b,#5dd28d)}
.down[aria-pressed=true]{color:light-dark(#b3261e,#ff8a80)}
svg{width:18px;height:18px;fill:currentColor}
.down svg{transform:rotate(180deg)}
.status{font-size:.875em}
.link{border:0;background:none;padding:.25rem;color:inherit;font-size:.875em;text-decoration:underline}
.link:disabled{visibility:hidden}
.why{position:absolute;top:100%;inset-inline-start:0;z-index:10;box-sizing:border-box;width:min(24rem,85vw);display:grid;gap:.5rem;padding:.75rem;border:1px solid light-dark(#cfd5df,#3a4252);border-radius:.75rem;background:light-dark(#fff,#171b24);color:light-dark(#1d2330,#e8eaf0);box-shadow:0 .5rem 1.5rem rgb(0 0 0/.2)}
fieldset{border:0;margin:0;padding:0;display:flex;flex-wrap:wrap;gap:.375rem}
.chip{border:1px solid light-dark(#cfd5df,#3a4252);border-radius:1rem;padding:.25rem .625rem;font-size:.875em}
textarea{box-sizing:border-box;width:100%;font:inherit}
.send{border:0;border-radius:.5rem;padding:.375rem .875rem;background:light-dark(#1f5fd0,#7db0ff);color:light-dark(#fff,#0b1220)}
`;

let sheet: CSSStyleSheet | undefined;

/** One sheet for all elements. Made by script, since a page's policy may forbid inline styles. */
export function styles(): CSSStyleSheet {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
  }
  return sheet;
}
