// Addresses that headers and footers offer though no page serves them yet: none.
export default [];
