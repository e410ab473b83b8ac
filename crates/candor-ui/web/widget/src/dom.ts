const SVG = "http://www.w3.org/2000/svg";

/** An element with properties. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Partial<HTMLElementTagNameMap[Tag]> = {},
): HTMLElementTagNameMap[Tag] {
  const { role, ...rest } = properties;
  const made = Object.assign(document.createElement(tag), rest);
  if (role) made.setAttribute("role", role);
  return made;
}

/** A button with a thumb on it. */
export function thumb(isUp: boolean): HTMLButtonElement {
  const button = element("button", { type: "button", className: isUp ? "thumb" : "thumb down" });
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", "M2 10h4v11H2zM8 21h9.3a2.5 2.5 0 0 0 2.4-1.8l2.1-7.4A2.2 2.2 0 0 0 19.7 9H14l.9-4.3A2 2 0 0 0 13 2.2L8 9z");
  svg.append(path);
  button.append(svg);
  return button;
}
