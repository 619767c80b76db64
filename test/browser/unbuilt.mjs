// Addresses that pages offer and whose office is still being built. Empty is the aim.
export default [];
