import { Menu } from "../../components/Menu";
import { useSetParameters } from "../../state/scope";
import { useMessages } from "../../state/settings";
import { COLUMNS, columnsText, useView } from "./query";

export function ColumnMenu() {
  const messages = useMessages();
  const setParameters = useSetParameters();
  const { columns } = useView();
  return (
    <Menu label={messages.list.columns}>
      {COLUMNS.filter((column) => column !== "verdict").map((column) => (
        <label key={column}>
          <input
            type="checkbox"
            checked={columns.includes(column)}
            onChange={(event) => {
              const isShown = event.target.checked;
              const next = COLUMNS.filter((name) => (name === column ? isShown : columns.includes(name)));
              setParameters({ columns: columnsText(next) }, { replace: true });
            }}
          />
          {messages.list.column[column]}
        </label>
      ))}
    </Menu>
  );
}
