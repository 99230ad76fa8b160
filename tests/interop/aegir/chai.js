// The assertions that the suites of @libp2p/interop expect of "aegir/chai".
import * as chai from 'chai'
import chaiAsPromised from 'chai-as-promised'
import chaiBites from 'chai-bites'
import chaiParentheses from 'chai-parentheses'

chai.use(chaiBites)
chai.use(chaiParentheses)
chai.use(chaiAsPromised)

export const expect = chai.expect
export const assert = chai.assert
