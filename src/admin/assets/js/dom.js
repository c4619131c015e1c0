// How is an element made without markup? Text is only ever text: nothing here reads HTML.

const SVG = 'http://www.w3.org/2000/svg';

/** An element: `h('a.big', { href: '#live' }, 'words', child)`. Children may be strings, nodes, lists, or nothing. */
export function h(name, attributes, ...children) {
    const [tag, ...classes] = name.split('.');
    return fill(document.createElement(tag || 'div'), classes, attributes, children);
}

/** The same for pictures. */
export function svg(name, attributes, ...children) {
    const [tag, ...classes] = name.split('.');
    return fill(document.createElementNS(SVG, tag), classes, attributes, children);
}

function fill(element, classes, attributes, children) {
    if (classes.length) element.setAttribute('class', classes.join(' '));
    for (const [name, value] of Object.entries(attributes ?? {})) set(element, name, value);
    element.append(
        ...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false),
    );
    return element;
}

function set(element, name, value) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
}

/** Puts these in the place of all that is inside. */
export function show(element, ...children) {
    element.replaceChildren(
        ...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false),
    );
}

/**
 * A table. Where it is too wide it scrolls, also by keyboard; on a phone its rows are laid out as lines, which takes a
 * table's meaning away in some browsers: so the roles are written out.
 */
export function table(caption, columns, rows, kind = '') {
    const named = columns.map((column) => (column.name === undefined ? { name: column } : column));
    const head = named.map(({ name, kind: its }) =>
        h(`th${its ? `.${its}` : ''}`, { scope: 'col', role: 'columnheader' }, name),
    );
    const cell = (content, { name, kind: its }) =>
        h(
            `td${its ? `.${its}` : ''}`,
            { role: 'cell', 'data-name': typeof name === 'string' ? name : '' },
            h('div', {}, content),
        );
    const body = rows.map((cells) =>
        h(
            'tr',
            { role: 'row' },
            cells.map((content, at) => cell(content, named[at])),
        ),
    );
    const inside = h(
        `table${kind}`,
        { role: 'table' },
        h('caption.unseen', {}, caption),
        h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, head)),
        h('tbody', { role: 'rowgroup' }, body),
    );
    return h('div.wide', { role: 'region', 'aria-label': caption, tabindex: '0' }, inside);
}
