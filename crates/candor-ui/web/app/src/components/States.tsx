import { useQueryClient } from "@tanstack/react-query";
import { Component, type ReactNode } from "react";
import { useMessages } from "../state/settings";

export function Loading() {
  const messages = useMessages();
  return (
    <p className="empty" role="status">
      {messages.loading}
    </p>
  );
}

export function Failed({ error, retry }: { error: unknown; retry?: () => void }) {
  const messages = useMessages();
  return (
    <div className="failed" role="alert">
      <strong>{messages.failed}</strong>
      <span>{error instanceof Error ? error.message : String(error)}</span>
      {retry && (
        <button type="button" className="button" onClick={retry}>
          {messages.tryAgain}
        </button>
      )}
    </div>
  );
}

/** Keeps a fault of one page from taking the others with it. */
export function Boundary({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  return <Catch onRetry={() => void client.invalidateQueries()}>{children}</Catch>;
}

class Catch extends Component<{ children: ReactNode; onRetry: () => void }, { error: unknown }> {
  override state = { error: undefined as unknown };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    if (this.state.error === undefined) return this.props.children;
    const retry = () => {
      this.props.onRetry();
      this.setState({ error: undefined });
    };
    return <Failed error={this.state.error} retry={retry} />;
  }
}
