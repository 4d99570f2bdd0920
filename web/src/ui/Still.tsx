import { Component, type ComponentChildren } from 'preact'

interface StillProps {
  of: readonly unknown[]
  children: ComponentChildren
}

// A Still draws what is in it again only when one of its values is another: a panel that
// shows a document alone does not change with each step. What ticks in it goes on.
export class Still extends Component<StillProps> {
  override shouldComponentUpdate(next: StillProps): boolean {
    return next.of.some((value, i) => value !== this.props.of[i])
  }

  override render({ children }: StillProps): ComponentChildren {
    return children
  }
}
