"""The Faust app: two agents over the pure steps, and the state they keep."""
